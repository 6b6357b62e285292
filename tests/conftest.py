from hypothesis import HealthCheck, settings

# A busy machine may stall any example; how fast the code is, is measured in benchmarks/.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
