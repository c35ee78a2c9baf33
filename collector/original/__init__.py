"""A database of Data::Latency::Gather, and how it comes into this one."""
