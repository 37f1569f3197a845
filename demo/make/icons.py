"""Twenty-four line icons of the workshop, on a 24-unit square with a 1.5-unit stroke."""

from __future__ import annotations

# slug: (Chinese name, the drawing)
ICONS: dict[str, tuple[str, str]] = {
    "pencil": ("铅笔", '<path d="M4 20l1.2-4.6L16.4 4.2a1.8 1.8 0 0 1 2.6 0l.8.8a1.8 1.8 0 0 1 0 2.6L8.6 18.8z"/><path d="M14.4 6.2l3.4 3.4M5.2 15.4l3.4 3.4"/>'),
    "roller": ("墨辊", '<rect x="5" y="3" width="14" height="6.5" rx="2"/><path d="M5 6.2H3v6h9v2.3"/><path d="M10.5 14.5h3V20a1.5 1.5 0 0 1-3 0z"/>'),
    "ruler": ("直尺", '<rect x="1.8" y="8" width="20.4" height="8" rx="1.2" transform="rotate(-45 12 12)"/><path d="M8.6 18.2l-1.8-1.8M11.4 15.4l-2.6-2.6M14.2 12.6l-1.8-1.8M17 9.8l-2.6-2.6"/>'),
    "scissors": ("剪刀", '<circle cx="6" cy="6.5" r="2.8"/><circle cx="6" cy="17.5" r="2.8"/><path d="M8.4 8L20.5 17M8.4 16L20.5 7"/>'),
    "bone-folder": ("骨刀", '<path d="M4.5 19.5C4 16 6 12 9.5 8.5S18 3 20.5 3.5C21 6 19 11 15.5 14.5S8 20 4.5 19.5z"/><path d="M7.5 16.5L14 10"/>'),
    "book": ("书", '<path d="M5 5.5A2.5 2.5 0 0 1 7.5 3H19v18H7.5A2.5 2.5 0 0 1 5 18.5z"/><path d="M5 18.5A2.5 2.5 0 0 1 7.5 16H19M9.5 7.5h5.5"/>'),
    "open-book": ("翻开的书", '<path d="M12 6.5C10 5 7 4.5 3 4.5v14c4 0 7 .5 9 2c2-1.5 5-2 9-2v-14c-4 0-7 .5-9 2zM12 6.5v14"/>'),
    "notebook": ("笔记本", '<rect x="5" y="3" width="14" height="18" rx="1.8"/><path d="M9 3v18M5 7.5h1.5M5 12h1.5M5 16.5h1.5M12.5 8h3.5"/>'),
    "sheet": ("纸张", '<path d="M6 3h8.5L19 7.5V21H6z"/><path d="M14.5 3v4.5H19M9 12h7M9 15h7M9 18h4"/>'),
    "envelope": ("信封", '<rect x="3" y="5.5" width="18" height="13" rx="1.5"/><path d="M3.5 6.5L12 13l8.5-6.5"/>'),
    "stamp": ("图章", '<path d="M9.5 12.5c.5-2-1-3.5-1-5.5a3.5 3.5 0 0 1 7 0c0 2-1.5 3.5-1 5.5z"/><path d="M5 17v-2.5a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2V17zM5 20.5h14"/>'),
    "press": ("印刷机", '<path d="M5 21V7M19 21V7M3 21h18M4 7h16V4H4z"/><path d="M12 7v4M8 11h8v3H8zM7.5 17.5h9"/>'),
    "drop": ("墨滴", '<path d="M12 3c3.5 4.5 6 7.5 6 11a6 6 0 0 1-12 0c0-3.5 2.5-6.5 6-11z"/><path d="M9 14.5a3 3 0 0 0 3 3"/>'),
    "swatches": ("色卡", '<path d="M4 4h6v14a3 3 0 0 1-6 0z"/><path d="M10 8.5l3.8-3.8 4.2 4.2-8.6 8.6M13.5 15H20v6H7"/><path d="M7 18h.01"/>'),
    "grid": ("网格", '<rect x="4" y="3" width="16" height="18" rx="1"/><path d="M9.3 3v18M14.7 3v18M4 9h16M4 15h16"/>'),
    "margins": ("页边", '<rect x="4" y="3" width="16" height="18" rx="1"/><path d="M7.5 6h7.5v10H7.5z"/><path d="M4 3l3.5 3M20 3l-5 3M4 21l3.5-5M20 21l-5-5" stroke-dasharray="1.5 2"/>'),
    "pilcrow": ("段落号", '<path d="M19 4H10.5a4.5 4.5 0 0 0 0 9H12M12 4v16.5M16 4v16.5"/>'),
    "needle": ("针线", '<path d="M20.5 3.5L9 15"/><path d="M20.5 3.5c.8.8.4 2-.4 2.8l-2 2"/><path d="M9 15c-3 3-1.5 5.5-4 5.5s-2.5-4 .5-4.5 4.5 3 8 2.5 4-4 7-3.5"/>'),
    "knife": ("刻刀", '<path d="M3 21l4-1 3.5-3.5-3-3L4 17z"/><path d="M7.5 13.5L17.3 3.7a1.6 1.6 0 0 1 2.3 0l.7.7a1.6 1.6 0 0 1 0 2.3L10.5 16.5"/><path d="M13.5 7.5l3 3"/>'),
    "sort": ("铅字", '<path d="M7 8.5l3-3.5h9v12l-3 3.5"/><path d="M7 8.5h9v12H7zM16 8.5l3-3.5"/><path d="M9.5 17.5l2-6 2 6M10.2 15.5h2.6"/>'),
    "lamp": ("台灯", '<path d="M5 21h10M10 21v-3L6.5 11 13 5.5"/><path d="M11 4.5l4.5-2 5 7.5-7 1.5z"/><path d="M17 11.5a2 2 0 0 0 2.8-1.2"/>'),
    "frame": ("画框", '<rect x="4" y="6.5" width="16" height="14.5" rx="1"/><rect x="7" y="9.5" width="10" height="8.5"/><path d="M8.5 6.5L12 2.5l3.5 4M7 16l3-3 2.5 2.5L14 14l3 3"/>'),
    "tag": ("标签", '<path d="M3.5 12.5V4.5a1 1 0 0 1 1-1h8L21 12l-9 9z"/><circle cx="8" cy="8" r="1.6"/>'),
    "parcel": ("包裹", '<path d="M12 3l8.5 4.5v9L12 21l-8.5-4.5v-9z"/><path d="M3.5 7.5L12 12l8.5-4.5M12 12v9M7.7 5.3l8.5 4.5v3"/>'),
}  # fmt: skip


def icon(slug: str, colour: str = "currentColor") -> str:
    """Return one icon as a complete SVG file."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24" '
        f'fill="none" stroke="{colour}" stroke-width="1.5" stroke-linecap="round" '
        f'stroke-linejoin="round">{ICONS[slug][1]}</svg>\n'
    )
