"""Transparency logs (RFC 9162; C2SP tlog-tiles, tlog-checkpoint, signed-note, tlog-cosignature, tlog-proof).

Pure: bytes in, bytes out. What is sealed, where it is kept and how it is served is others' business.
"""
