"""A payment provider that moves no money: for demonstrations and tests, and for nothing else.

It keeps payments, takes requests about them, and tells what came of each by a signed webhook, as a real one would,
and misbehaves on request, as a real one does unasked.
"""
