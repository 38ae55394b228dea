"""Measurements: ratios taken side by side in one run. `make bench` prints one JSON object a line.

Times are never tests: the machine is shared. Every line has its calibration, so that a reader
can divide by the speed of the machine in that minute.
"""
