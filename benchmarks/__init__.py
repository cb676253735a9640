"""Speed, memory and time to quality, as ratios measured in turns."""
