"""The part of a project that reads and writes files of a shot, without a job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosmos_houdini.config import Config
from cosmos_houdini.media.selection import OnGap
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.options import EncodeOptions, FrameOptions

if TYPE_CHECKING:
    from cosmos_houdini.caption.prompt import PromptFormat, WrittenPrompt
    from cosmos_houdini.facts.scene_facts import SceneFacts
    from cosmos_houdini.model.scene import Scene
    from cosmos_houdini.model.video import Conversion
    from cosmos_houdini.shots.check import SequenceCheck


class ShotFiles:
    """Scenes, frames, videos and prompts of a project; ``Project`` has all of it.

    Attributes:
        config: the merged configuration, each value with its origin.
        reporter: takes messages and progress of everything that is done.
    """

    config: Config
    reporter: Reporter

    def scene(self, path: str | Path) -> Scene:
        """Read a .hip, .hiplc or .hipnc file without Houdini: frame rate, ranges, cameras, render nodes.

        Raises:
            BadInput: the file cannot be read.
        """
        from cosmos_houdini.scene.reader import read_scene  # noqa: PLC0415 - most scripts read none

        return read_scene(Path(path))

    def facts(self, path: str | Path, *, camera: str | None = None) -> SceneFacts:
        """Return what a scene file says about the picture: lens, camera move, lights, materials, time of day.

        Args:
            path: a .hip, .hiplc or .hipnc file.
            camera: path of the camera; None for that of the render nodes, or the only one.

        Raises:
            BadInput: the file cannot be read.
        """
        from cosmos_houdini.facts.read import read_facts  # noqa: PLC0415 - most scripts read none

        return read_facts(Path(path), camera)[1]

    def write_prompt(self, shot: str | Path, *, style: str = "", format: PromptFormat = "text") -> WrittenPrompt:  # noqa: A002 - the name of the option
        """Return a first prompt for a shot, from its caption, its scene's facts and the user's words.

        Args:
            shot: a .hip file, or a folder of videos that ``prepare`` or ``convert`` wrote.
            style: the user's own words.
            format: ``text`` for a paragraph, ``cosmos3`` for a structured caption.

        Raises:
            BadInput: the shot cannot be read, or nothing says what it shows.
        """
        from cosmos_houdini.caption.shot_words import prompt_of  # noqa: PLC0415 - most scripts write none

        return prompt_of(Path(shot), ffmpeg=self.config.ffmpeg, style=style, format_=format)

    def caption(self, path: str | Path, *, model: str | None = None, frames: int | None = None) -> dict[str, Any]:
        """Describe a video, or the videos of a folder, by a model on this machine.

        Args:
            path: a video file, or a folder of videos whose ``metadata.json`` gets the caption.
            model: folder of a model, or its name in the local cache; None for the configuration's.
            frames: the most frames to look at, 1 to 64; None for 8.

        Returns:
            ``text``, ``tags``, ``name``, ``confidence``, ``model``, ``revision`` and ``settings``.

        Raises:
            BadInput: the video cannot be decoded, or there is no model or no environment for it.
            ToolError: the model's process died.
        """
        from cosmos_houdini.caption.describe import CaptionOptions, caption_path  # noqa: PLC0415 - few scripts do
        from cosmos_houdini.caption.frames import MOST_FRAMES  # noqa: PLC0415 - likewise

        options = CaptionOptions(model=model, most_frames=frames or MOST_FRAMES)
        return caption_path(self.config, Path(path), self.reporter, options)

    def check(
        self,
        path: str | Path,
        *,
        scene: str | Path | None = None,
        frame_range: tuple[int, int] | None = None,
        passes: Mapping[str, str] | None = None,
    ) -> SequenceCheck:
        """Find and verify the image sequences of a path, whether they are good or bad; see ``report.ok``.

        Args:
            path: a folder, a pattern such as ``name.####.exr``, or one file of a sequence.
            scene: compare the frames with the frame range of this .hip file.
            frame_range: compare them with this range instead.
            passes: by pass, what shows it, as in ``shot``.

        Raises:
            BadInput: there are no sequences, the scene cannot be read, or two ranges are given.
        """
        from cosmos_houdini.shots.check import check_path  # noqa: PLC0415 - most scripts check by submit

        scene_file = Path(scene) if scene is not None else None
        return check_path(
            self.config, path, self.reporter, scene_file=scene_file, frame_range=frame_range, passes=passes
        )

    def convert(
        self,
        path: str | Path,
        out: str | Path,
        *,
        scene: str | Path | None = None,
        fps: float | None = None,
        frame_range: tuple[int, int] | None = None,
        on_gap: OnGap = "stop",
        passes: Mapping[str, str] | None = None,
        encoding: EncodeOptions | None = None,
        caption: bool = False,
    ) -> list[Conversion]:
        """Verify the image sequences of a path and encode one video a pass, with ``metadata.json``.

        Args:
            path: a folder, a pattern such as ``name.####.exr``, or one file of a sequence.
            out: gets the videos; a folder a shot where the path holds several shots.
            scene: a .hip file that gives the frame rate and the description.
            fps: frames a second, 1 to 240; None for the scene's, else 24.
            frame_range: first and last frame; None for all frames.
            on_gap: ``stop`` refuses a missing or corrupt frame, ``hold`` repeats the frame before it.
            passes: by pass, what shows it: a pattern of files, a layer or channel of EXR files, or ``none``.
            encoding: how passes become control videos; None follows the configuration.
            caption: whether a model on this machine describes each shot; a caption that fails is a message.

        Raises:
            BadInput: there are no sequences, or something in them or in the arguments cannot be used.
            CheckFailed: frames are missing or damaged; nothing was written.
        """
        from cosmos_houdini.shots.convert import convert_path  # noqa: PLC0415 - most scripts convert by submit

        return convert_path(
            self.config,
            path,
            Path(out),
            self.reporter,
            scene_file=Path(scene) if scene is not None else None,
            frames=FrameOptions(fps=fps, frame_range=frame_range, on_gap=on_gap, passes=passes or {}),
            encoding=encoding or EncodeOptions(),
            caption=caption,
        )

    def restore(self, video: str | Path, metadata: str | Path, out: str | Path) -> tuple[Path, ...]:
        """Bring a video back to the size and position of its plate, and return the files that were written.

        Args:
            video: a result.
            metadata: ``metadata.json`` of the videos that the result was made of, or its folder.
            out: a video, or a pattern such as ``shot.####.png`` for pictures with the plate's own frame numbers.

        Raises:
            BadInput: a file cannot be used, or the metadata do not say where the plate is.
        """
        from cosmos_houdini.shots.restore import restore_video  # noqa: PLC0415 - results are restored by themselves

        return restore_video(self.config, Path(video), Path(metadata), Path(out), self.reporter).files
