"""The protocol: which numbers there are, and how they are taken and stored."""
