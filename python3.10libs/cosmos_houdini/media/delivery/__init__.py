"""A result in the files that comp reads: EXR, ProRes, DNxHR, PNG, TIFF, H.264."""
