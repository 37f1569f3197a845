"""Invoices and credit notes: numbers without gaps, snapshots that never change, pages and PDF."""
