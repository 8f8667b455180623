"""Embedded servers of one machine: started, waited for, stopped by `bongsu up` and the tests."""
