"""PyPI `ipycam` as a camera on the ports given: ONVIF, RTSP, web. Not ours: what it says is not made to please us."""

import sys
import time

import numpy as np
from ipycam import CameraConfig, IPCamera  # type: ignore[import-not-found]  # installed for the test alone

onvif_port, rtsp_port, web_port = map(int, sys.argv[1:4])
camera = IPCamera(
    CameraConfig(
        name="peer", local_ip="127.0.0.1", onvif_port=onvif_port, rtsp_port=rtsp_port, web_port=web_port,
        main_width=640, main_height=360, main_fps=10,
    )
)  # fmt: skip
sys.stdout.write(f"{camera.start()}\n")
sys.stdout.flush()
shade = 0
while True:
    shade = (shade + 3) % 255
    camera.stream(np.full((360, 640, 3), shade, np.uint8))
    time.sleep(0.1)
