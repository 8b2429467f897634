"""The parts of the clinician page: they draw what resp says and decide nothing."""
