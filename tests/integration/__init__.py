"""Tests against real stores, brokers, pseudo-terminals and Modbus servers."""
