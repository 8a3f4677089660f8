"""An adapter whose master can do nothing of what is asked."""

print('{"cannot": "the codec pickle"}')
