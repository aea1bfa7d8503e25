"""Pictures, videos and shots that tests make."""

from cosmos_houdini.media.videos.ffmpeg import FFmpeg

FFMPEG = FFmpeg()
"""The FFmpeg of imageio-ffmpeg, which every installation has."""
