"""What columns of a sheet are called, in English and in Vietnamese, with or without diacritics."""

from __future__ import annotations

from rules.document.suggestions import slug

#: By the key of `engine.commission.sheet.row.RowSettings`: what people call it.
NAMES = {
    "id": ("id", "mã", "mã camera", "camera id", "ký hiệu"),
    "name": ("name", "tên", "tên camera", "camera", "camera name", "tên hiển thị"),
    "host": ("host", "ip", "address", "ip address", "địa chỉ", "địa chỉ ip", "máy chủ"),
    "url": ("url", "link", "đường dẫn", "địa chỉ url"),
    "mac": ("mac", "mac address", "địa chỉ mac"),
    "serial": ("serial", "serial number", "s/n", "sn", "số sê-ri", "số seri", "sê-ri", "seri", "số máy"),
    "source": ("source", "channel", "video source", "kênh", "nguồn", "nguồn hình"),
    "driver": ("driver", "trình điều khiển", "giao thức"),
    "username": ("username", "user", "account", "login", "tài khoản", "tên đăng nhập", "người dùng"),
    "password": ("password", "secret", "mật khẩu", "mật khẩu ở"),
    "profile": ("profile", "luồng", "luồng phân tích"),
    "group": ("group", "nhóm", "khu vực"),
    "place": ("place", "location", "site", "vị trí", "nơi đặt", "địa điểm"),
    "note": ("note", "notes", "remark", "ghi chú"),
}
_KNOWN = {slug(name): key for key, names in NAMES.items() for name in names}


def key_of(heading: str) -> str:
    """Return the key that a heading means; empty: none, it is a fact of the cameras under its own name."""
    return _KNOWN.get(slug(heading), "")
