"""The log judged without the sequencer: verified, reviewed, attributed, redacted, travelled through."""
