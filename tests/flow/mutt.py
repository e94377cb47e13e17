#!/usr/bin/python3
# Runs in: check check-slow
"""mail_program.py with mutt."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import mail_program

mail_program.main("mutt")
