"""Tickets on paper: QR codes, and sheets of them."""
