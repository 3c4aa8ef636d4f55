"""The least of a file of each kind that the Graph API takes for one."""

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(200)
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00" + bytes(200)
OGG = b"OggS\x00\x02" + bytes(200)
WEBP = b"RIFF\xd0\x00\x00\x00WEBPVP8 " + bytes(200)
PDF = b"%PDF-1.7\n" + bytes(200)
