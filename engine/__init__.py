"""The runtime: owns tasks, files, clocks and the network; the only layer that sees drivers and rules."""
