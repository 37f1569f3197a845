"""Telling people: each mail is a row with its state, its attempts and the server's answer."""
