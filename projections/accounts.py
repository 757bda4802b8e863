"""The accounts read model: who may log in, and as what."""

SESSIONS_CHANNEL = "daybook:sessions"
"""Where it is told that sessions have ended somewhere. Only a hint: each API process looks by itself, too."""
