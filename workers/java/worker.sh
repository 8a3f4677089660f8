#!/bin/sh
# Starts the worker in classes/ beside this file. Java cannot move descriptors, so the shell does it
# (WIRE-4): the wire becomes 3 and 4, standard input is empty, and standard output is the error
# stream. Nothing that Java code, child processes, native code or the JVM itself print can get into
# the answers. UseSerialGC: a worker a core leaves no core for threads of the garbage collector.
here=$(dirname "$0")
exec java -XX:+UseSerialGC -cp "$here/classes:$here/*:/usr/share/java/gson.jar" Worker \
    /dev/fd/3 /dev/fd/4 3<&0 4>&1 </dev/null 1>&2
