"""The command line: parse, call the control plane or one flow, print. No decisions here."""
