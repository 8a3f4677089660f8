"""The conformance kit: runs any worker executable through the specification. Never imports ``spreadjobs``."""
