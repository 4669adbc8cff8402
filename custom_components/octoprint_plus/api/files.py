"""Files: what is stored, and all that can be done with it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, BinaryIO

from . import patience
from .bodies import LISTS
from .downloads import Download, download
from .entries import MAX_ENTRIES, PRINTER_STORAGES, Entry, FileList, Taken, parse_entry
from .errors import (
    OctoPrintError,
    OctoPrintFullError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
    OctoPrintServerError,
)
from .parsing import Json, dumped, flag, identifier, items, mapping, moment, promised
from .paths import checked_name, checked_path, encoded
from .permissions import Needed, Permission
from .quantities import byte_size
from .transport import ApiFamily
from .uploads import OnProgress, Upload, parse_upload, upload

ENDPOINT = "api/files"


class FilesApi(ApiFamily):
    """Calls of the family files.

    A location is local, or sdcard or printer for the printer's own storage; which of
    these two is sent depends on OctoPrint's version. A path is as people write it, not
    encoded. Each call raises OctoPrintNotFoundError for what is not there, and for a
    path that would leave the storage, which is not even sent.
    """

    async def list(
        self,
        location: str | None = None,
        *,
        recursive: bool = True,
        force: bool = False,
    ) -> FileList:
        """Return the files of all storages or one (GET /api/files[/<location>]).

        With `force` OctoPrint looks for them anew.
        """
        chosen = {"recursive": recursive, "force": force}
        answer = await self._transport.get(
            self._endpoint(location) if location else ENDPOINT,
            limit=LISTS,
            params={key: "true" for key, value in chosen.items() if value},
            permission=Permission.FILES_LIST,
            timeout=patience.LISTING if recursive else None,
        )
        # Thousands of files take seconds, in which other things have to go on.
        return await asyncio.to_thread(_parse_list, answer, self._transport.clock.ahead)

    async def info(self, location: str, path: str) -> Entry:
        """Return one file or folder (GET /api/files/<location>/<path>)."""
        try:
            answer = await self._transport.get(
                self._endpoint(location, path),
                limit=LISTS,
                permission=Permission.FILES_LIST,
            )
        except OctoPrintServerError:
            # So OctoPrint 1 answers where the folder does not exist.
            await self._check_folder(location, path)
            raise
        return parse_entry(answer, self._transport.clock.ahead)

    async def taken(self, location: str, name: str, folder: str = "") -> Taken | None:
        """Return the file that has a name already, None where the name is free.

        POST /api/files/test (exists). OctoPrint 1.9 tells neither size nor date.
        """
        try:
            answer = await self._test("exists", location, name, folder)
        except OctoPrintServerError:
            # OctoPrint 1 fails where the folder does not exist, and for the
            # printer's storage.
            path = f"{folder}/{name}" if folder else name
            try:
                entry = await self.info(location, path)
            except OctoPrintNotFoundError:
                return None
            return Taken(size=entry.size, date=entry.date)
        if not flag(answer.get("exists")):
            return None
        return Taken(
            size=byte_size(answer.get("size")),
            date=moment(
                answer.get("date"),
                0.0 if location in PRINTER_STORAGES else self._transport.clock.ahead,
            ),
        )

    async def sanitized(self, location: str, path: str) -> str:
        """Return the path that a file or folder would get (POST /api/files/test).

        OctoPrint drops leading dots and what some file system does not allow.
        """
        folder, _, name = path.rpartition("/")
        answer = await self._test("sanitize", location, name, folder)
        found = identifier(answer.get("sanitized")) or path
        if found.startswith("/"):
            # OctoPrint 1.9 tells the path in the server's file system.
            found = "/".join(found.split("/")[-len(path.split("/")) :])
        return found

    async def select(self, location: str, path: str, *, print_: bool = False) -> None:
        """Select a file and, with `print_`, print it (POST /api/files/<location>/<path>).

        Raises OctoPrintConflictError while the printer is busy or not connected, and
        OctoPrintRequestError for what cannot be printed.
        """
        await self._command(
            location,
            path,
            "select",
            {"print": print_},
            permission=(Permission.PRINT, Permission.FILES_SELECT)
            if print_
            else Permission.FILES_SELECT,
        )

    async def unselect(self) -> None:
        """Select no file (POST /api/files/local/current).

        Raises OctoPrintConflictError where none is selected, while the printer is
        busy, and while it is not connected.
        """
        await self._command(
            "local", "current", "unselect", permission=Permission.FILES_SELECT
        )

    async def copy(self, location: str, path: str, destination: str) -> str:
        """Copy a file or folder and return its new path (POST .../<path>).

        An existing folder as destination takes it in under its name. Raises
        OctoPrintNotFoundError where the folder of the destination does not exist,
        OctoPrintConflictError where there is something of that name, and
        OctoPrintRequestError into itself, for the printer's storage, for a name whose
        ending OctoPrint does not allow, and for a full disk.
        """
        await self._check_space((await self.info(location, path)).size or 0)
        return await self._transfer("copy", location, path, destination)

    async def move(self, location: str, path: str, destination: str) -> str:
        """Move a file or folder, or rename it, and return its new path; as copy.

        Raises OctoPrintConflictError also for what is being printed. The selected
        file is unselected.
        """
        return await self._transfer("move", location, path, destination)

    async def analyse(self, location: str, path: str) -> None:
        """Analyse a file anew (POST .../<path>); the result comes later.

        Raises OctoPrintRequestError for what cannot be analysed.
        """
        await self._command(
            location, path, "analyse", permission=Permission.FILES_UPLOAD
        )

    async def slice(
        self,
        location: str,
        path: str,
        *,
        slicer: str,
        destination: str | None = None,
        profile: str | None = None,
        printer_profile: str | None = None,
        overrides: Mapping[str, Any] | None = None,
        select: bool = False,
        print_: bool = False,
    ) -> str:
        """Slice a model and return the path of the coming G-code (POST .../<path>).

        `destination` is a name beside the model. `overrides` are settings of the
        slicer's profile. OctoPrint slices in the background and overwrites the
        destination. Raises OctoPrintNotFoundError for an unknown slicer or profile,
        OctoPrintRequestError for what is no model.
        """
        chosen = {
            "destination": None if destination is None else checked_name(destination),
            "profile": profile,
            "printerProfile": printer_profile,
            **{f"profile.{key}": each for key, each in (overrides or {}).items()},
        }
        data: dict[str, Any] = {
            key: value for key, value in chosen.items() if value is not None
        }
        answer = await self._command(
            location,
            path,
            "slice",
            {**data, "slicer": slicer, "select": select, "print": print_},
            permission=Permission.SLICE,
        )
        return identifier(mapping(answer).get("path")) or destination or path

    async def delete(self, location: str, path: str) -> None:
        """Delete a file, or a folder with all in it (DELETE /api/files/<location>/<path>).

        Raises OctoPrintConflictError for what is being printed. The selected file is
        unselected.
        """
        await self._transport.delete(
            self._endpoint(location, path),
            permission=Permission.FILES_DELETE,
            timeout=patience.FILES,
        )

    async def create_folder(
        self, location: str, name: str, parent: str | None = None
    ) -> str:
        """Create a folder and return its path (POST /api/files/<location>).

        One that exists is left as it is. Raises OctoPrintConflictError for a name that
        ends like a file's, and OctoPrintRequestError for the printer's storage and
        where `parent` does not exist.
        """
        fields = {"foldername": checked_name(name)}
        if parent:
            fields["path"] = checked_path(parent)
        answer = await upload(self._transport, self._endpoint(location), fields)
        folder = mapping(promised(answer, ENDPOINT).get("folder"))
        return identifier(folder.get("path")) or name

    async def upload(
        self,
        location: str,
        name: str,
        content: AsyncIterable[bytes] | BinaryIO,
        size: int,
        *,
        folder: str | None = None,
        overwrite: bool = False,
        select: bool = False,
        print_: bool = False,
        user_data: Json | None = None,
        on_progress: OnProgress | None = None,
    ) -> Upload:
        """Upload a file piece by piece (POST /api/files/<location>, multipart).

        `content` has to have exactly `size` bytes; a file is read in a thread and not
        closed. What it raises is raised here. `on_progress` is called with the bytes
        sent so far. `folder` is created where it does not exist. `user_data` is kept
        in the file's metadata. There is no time-out but one for silence.

        An upload that breaks off or is cancelled is no file of OctoPrint's, only a
        piece in its machine's folder for temporary files. Where that happens after the
        last byte, while OctoPrint answers, it may have the file.

        OctoPrint 1 keeps what is for the printer's storage in the local one, too.

        Raises OctoPrintConflictError for a name that is taken, unless `overwrite`;
        for the file that is being printed; and for the printer's storage while the
        printer is busy or not connected. OctoPrintRequestError for an ending that
        OctoPrint does not know, for a file that is too large, and for a full disk.
        """
        fields = {
            "noOverwrite": str(not overwrite).lower(),
            "select": str(select).lower(),
            "print": str(print_).lower(),
        }
        if folder:
            fields["path"] = checked_path(folder)
        if user_data is not None:
            fields["userdata"] = dumped(user_data)
        checked_name(name)
        await self._check_space(size)
        try:
            answer = await upload(
                self._transport,
                self._endpoint(location),
                fields,
                name=name,
                content=content,
                size=size,
                on_progress=on_progress,
            )
        except OctoPrintServerError:
            if not overwrite:
                await self._remove_piece(f"{folder}/{name}" if folder else name, size)
            raise
        return parse_upload(promised(answer, ENDPOINT), name)

    @asynccontextmanager
    async def download(
        self, path: str, *, byte_range: str | None = None
    ) -> AsyncGenerator[Download]:
        """Yield a local file to be read piece by piece (GET /downloads/files/local/<path>).

        `byte_range` is HTTP's, for example bytes=0-99; OctoPrint 2 sends all of the
        file nevertheless. The printer's storage cannot be read.
        """
        async with download(
            self._transport,
            f"downloads/files/local/{encoded(path)}",
            byte_range=byte_range,
            permission=Permission.FILES_DOWNLOAD,
        ) as found:
            yield found

    async def _check_folder(self, location: str, path: str) -> None:
        """Raise where the folder of a path does not exist, as OctoPrint does not tell."""
        folder = path.rpartition("/")[0]
        if folder and not (await self.info(location, folder)).is_folder:
            raise OctoPrintNotFoundError(f"There is no folder {folder!r}")

    async def _check_space(self, size: int) -> None:
        """Raise where the local storage cannot hold a file.

        OctoPrint would take it, fail in the end, and leave a piece under its name.
        """
        try:
            free = (await self.list("local", recursive=False)).free
        except OctoPrintPermissionError:
            return
        if free is not None and free < size:
            raise OctoPrintFullError(
                f"OctoPrint has {free} bytes free, and {size} are needed"
            )

    async def _remove_piece(self, path: str, size: int) -> None:
        """Remove what a failed upload left under a name that nothing had before."""
        with suppress(OctoPrintError):
            path = await self.sanitized("local", path)
            if (await self.info("local", path)).size != size:
                await self.delete("local", path)

    def _endpoint(self, location: str, path: str | None = None) -> str:
        """Return the path of a storage or of what is in it."""
        storage = encoded(self._storage(location))
        return f"{ENDPOINT}/{storage}" + ("" if path is None else f"/{encoded(path)}")

    def _storage(self, location: str) -> str:
        if location in PRINTER_STORAGES:
            info = self._transport.server_info
            return info.printer_storage if info else "sdcard"
        if "/" in location:
            raise OctoPrintNotFoundError(f"There is no storage {location!r}")
        return location

    async def _test(self, command: str, location: str, name: str, folder: str) -> Json:
        data = {
            "command": command,
            "storage": self._storage(location),
            "path": checked_path(folder) if folder else "",
            "filename": checked_name(name),
        }
        return promised(
            await self._transport.post(
                f"{ENDPOINT}/test", data, permission=Permission.FILES_LIST
            ),
            f"{ENDPOINT}/test",
        )

    async def _transfer(
        self, command: str, location: str, path: str, destination: str
    ) -> str:
        if f"{checked_path(destination)}/".startswith(f"{path}/"):
            raise OctoPrintRequestError(f"{path!r} cannot be put into itself")
        # OctoPrint 1 answers with the destination as it was sent, not as it became.
        destination = await self.sanitized(location, destination)
        await self._check_folder(location, destination)
        answer = await self._command(
            location,
            path,
            command,
            {"destination": destination},
            permission=(
                (Permission.FILES_UPLOAD, Permission.FILES_DELETE)
                if command == "move"
                else Permission.FILES_UPLOAD
            ),
            timeout=patience.FILES,
        )
        return identifier(mapping(answer).get("path")) or destination

    async def _command(
        self,
        location: str,
        path: str,
        command: str,
        data: Json | None = None,
        *,
        permission: Needed,
        timeout: float | None = None,
    ) -> Any:
        return await self._transport.post(
            self._endpoint(location, path),
            {**(data or {}), "command": command},
            permission=permission,
            timeout=timeout,
        )


def _parse_list(answer: Json, ahead: float) -> FileList:
    return FileList(
        entries=tuple(
            parse_entry(each, ahead) for each in items(answer.get("files"), MAX_ENTRIES)
        ),
        free=byte_size(answer.get("free")),
        total=byte_size(answer.get("total")),
    )
