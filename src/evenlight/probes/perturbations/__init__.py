"""Changes of the data as they happen in laboratories and pipelines, with strength in field units.

Each is a pure function of an array of rows, a strength and a generator (`perturbation`); `suites`
holds those that belong together by name, made for the cohort that they are to change.
"""
