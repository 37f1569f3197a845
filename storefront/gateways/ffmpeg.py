"""The programs ffmpeg and ffprobe, where they are installed. They open files of this machine and nothing else."""

import atexit
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ALONE = ("-protocol_whitelist", "file,pipe,crypto")
_PROBE_SECONDS = 60
_LONGEST_REASON = 300
SEGMENT_SECONDS = 6
# Most bits a second of a size, by its height: what a phone on a train, a tablet and a large screen can take.
MOST_BITS = {480: 1_400_000, 720: 2_800_000, 1080: 5_000_000}
_LARGEST_HEIGHT = 1080

Progress = Callable[[float], None]
"""Is told how many seconds of the film are done."""


class Unreadable(Exception):
    """The program can't make anything of the file; ``str()`` is what it said."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a film or sound is made of; None where there is no such track. Sizes in pixels, as they are seen."""

    seconds: float | None
    width: int | None
    height: int | None
    video: str | None
    audio: str | None
    pixels: str | None

    @property
    def plays_everywhere(self) -> bool:
        """Whether every browser plays these tracks as they are."""
        return self.video_is_fine and self.audio_is_fine

    @property
    def video_is_fine(self) -> bool:
        """Whether the picture need not be made anew."""
        return self.video is None or (self.video == "h264" and self.pixels in ("yuv420p", "yuvj420p"))

    @property
    def audio_is_fine(self) -> bool:
        """Whether the sound need not be made anew."""
        return self.audio in (None, "aac", "mp3")


def is_installed() -> bool:
    """Whether films can be prepared on this machine."""
    return shutil.which("ffmpeg") is not None and shutil.which("ffprobe") is not None


def probe(path: Path) -> Probe:
    """Return what the file is made of.

    Raises:
        Unreadable: it is no film and no sound.
    """
    asked = ("-show_entries", "format=duration:stream=codec_type,codec_name,width,height,pix_fmt,disposition")
    command = ["ffprobe", "-v", "error", *_ALONE, *asked, "-show_entries", "stream_side_data=rotation"]
    try:
        done = subprocess.run(
            [*command, "-of", "json", _named(path)], capture_output=True, timeout=_PROBE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Unreadable("ffprobe does not come to an end") from error
    if done.returncode:
        raise Unreadable(_last_words(done.stderr))
    return _read(json.loads(done.stdout or b"{}"))


def save_poster(source: Path, target: Path, second: float) -> None:
    """Write the picture at that second as a JPEG, at most 1280 pixels wide."""
    _run(
        ["-ss", f"{second:.2f}", "-i", _named(source), "-frames:v", "1", "-vf", "scale='min(1280,iw)':-2"],
        ["-q:v", "4", "-update", "1", str(target)],
    )


def save_for_web(source: Path, target: Path, found: Probe, progress: Progress) -> None:
    """Write an MP4 (or M4A) that every browser plays from its first bytes on; tracks that are fine are only copied."""
    if found.video is None:
        tracks = ["-map", "0:a:0", "-vn"]
    else:
        tracks = ["-map", "0:v:0", "-map", "0:a:0?", "-sn", "-dn", *_video(found)]
    sound = ["-c:a", "copy"] if found.audio_is_fine else ["-c:a", "aac", "-b:a", "160k", "-ac", "2"]
    _run(["-i", _named(source)], [*tracks, *sound, "-movflags", "+faststart", str(target)], progress)


def save_segments(
    source: Path, folder: Path, height: int, key: bytes, progress: Progress
) -> tuple[list[float], list[Path]]:
    """Write the film at that height in encrypted pieces; return how many seconds each plays, and the pieces."""
    key_file, info = folder / "key", folder / "key_info"
    key_file.write_bytes(key)
    info.write_text(f"key\n{key_file}\n")
    bits = MOST_BITS.get(height, MOST_BITS[_LARGEST_HEIGHT])
    scaled = ["-vf", f"scale=-2:{height // 2 * 2}", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"]
    rate = ["-maxrate", str(bits), "-bufsize", str(2 * bits), "-pix_fmt", "yuv420p"]
    cuts = ["-force_key_frames", f"expr:gte(t,n_forced*{SEGMENT_SECONDS})", "-sc_threshold", "0"]
    sound = ["-c:a", "aac", "-b:a", "128k", "-ac", "2"]
    pieces = ["-f", "hls", "-hls_time", str(SEGMENT_SECONDS), "-hls_playlist_type", "vod"]
    names = ["-hls_segment_filename", str(folder / "%05d.ts"), "-hls_key_info_file", str(info)]
    tracks = ["-map", "0:v:0", "-map", "0:a:0?", "-sn", "-dn"]
    playlist = folder / "list.m3u8"
    _run(
        ["-i", _named(source)],
        [*tracks, *scaled, *rate, *cuts, *sound, *pieces, *names, str(playlist)],
        progress,
    )
    seconds = [float(found) for found in re.findall(r"#EXTINF:([0-9.]+)", playlist.read_text())]
    return seconds, sorted(folder.glob("*.ts"))


def heights_for(height: int) -> list[int]:
    """Return the heights in which a film of this height is offered, never above its own."""
    return [offered for offered in MOST_BITS if offered <= height] or [height // 2 * 2]


def _video(found: Probe) -> list[str]:
    if found.video_is_fine:
        return ["-c:v", "copy"]
    smaller = f"scale=-2:'min({_LARGEST_HEIGHT},trunc(ih/2)*2)'"
    return ["-vf", smaller, "-c:v", "libx264", "-preset", "veryfast", "-crf", "22", "-pix_fmt", "yuv420p"]


def _read(told: dict[str, Any]) -> Probe:
    streams = told.get("streams", [])
    # A cover picture inside a sound file is a track of pictures, too, but no film.
    films = [one for one in streams if one.get("codec_type") == "video" and not _is_cover(one)]
    sounds = [one for one in streams if one.get("codec_type") == "audio"]
    if not films and not sounds:
        raise Unreadable("there is neither a picture nor a sound in it")
    film = films[0] if films else {}
    width, height = film.get("width"), film.get("height")
    turned = any(abs(int(side.get("rotation", 0))) in (90, 270) for side in film.get("side_data_list", []))
    if turned:
        width, height = height, width
    seconds = told.get("format", {}).get("duration")
    return Probe(
        seconds=float(seconds) if seconds else None,
        width=width,
        height=height,
        video=film.get("codec_name"),
        audio=sounds[0].get("codec_name") if sounds else None,
        pixels=film.get("pix_fmt"),
    )


def _is_cover(stream: dict[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _run(inputs: Sequence[str], outputs: Sequence[str], progress: Progress | None = None) -> None:
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-progress", "pipe:1"]
    gently = ["nice", "-n", "10"] if shutil.which("nice") else []
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [*gently, *command, *_ALONE, *inputs, *outputs], stdout=subprocess.PIPE, stderr=said
        )
        _running.add(process)
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if progress and (found := re.match(rb"out_time_us=(\d+)", line)):
                    progress(int(found[1]) / 1_000_000)
            code = process.wait()
        finally:
            # What ends us in the middle ends the program too.
            process.kill()
            process.wait()
            process.stdout.close()
            _running.discard(process)
        said.seek(0, os.SEEK_SET)
        if code:
            raise Unreadable(_last_words(said.read()))


_running: set["subprocess.Popen[bytes]"] = set()


@atexit.register
def _end_all() -> None:
    """Threads of a worker end with its process; programs that they have started would go on."""
    for process in list(_running):
        process.kill()


def _named(path: Path) -> str:
    return f"file:{path}"


def _last_words(said: bytes) -> str:
    """Return the last line, without the names of our files."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    words = re.sub(r"(file:)?/\S+", "…", lines[-1]) if lines else "no reason given"
    return words[:_LONGEST_REASON]
