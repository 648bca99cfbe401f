"""The order path in a storm: real daemon, real gateway, every door between them faulty, on one seeded random."""
