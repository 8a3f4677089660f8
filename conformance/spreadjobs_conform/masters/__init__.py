"""``spread-jobs-conform master``: the kit plays the workers to a master under test."""
