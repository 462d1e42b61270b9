"""What holds for every test."""

from hypothesis import HealthCheck, settings

# A busy machine is not a failure: no deadline. The same examples each time: a red build is red again when looked at.
settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
