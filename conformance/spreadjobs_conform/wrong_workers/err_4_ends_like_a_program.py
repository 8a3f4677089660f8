"""Breaks ERR-4: lets the exceptions through that end programs."""

from __future__ import annotations

from right_worker import Worker, run


class EndsLikeAProgram(Worker):
    def op_raise(self, **failure: str) -> object:
        ending = {"SystemExit": SystemExit, "KeyboardInterrupt": KeyboardInterrupt, "GeneratorExit": GeneratorExit}
        if failure["type"] in ending:
            raise ending[failure["type"]](failure["message"])
        return super().op_raise(**failure)


run(EndsLikeAProgram)
