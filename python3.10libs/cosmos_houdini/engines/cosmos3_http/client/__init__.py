"""A client of servers of Cosmos 3, which runs on a host as the program of a job.

It needs Python 3.10 or newer and the standard library alone. ``engines.cosmos3_http`` sends it, writes the file that it
reads, and interprets what it prints.
"""
