import gzip
import hashlib
import http.server
import re
import signal
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.data.data_files import idx_bytes, leftovers, refused, write_csv, write_idx
from vaelab import cache
from vaelab.config import DataConfig
from vaelab.data import data_config, download, fashion_mnist, idx, load_data
from vaelab.data.fashion_mnist import DataUnavailableError, PublishedFile, fetch, load
from vaelab.data.summary import entropy_nats_per_image

GENERATOR = np.random.default_rng(0)
COUNTS = {"train": 40, "test": 20}
IMAGES = {
    split: GENERATOR.integers(0, 256, (n, 28, 28)).astype(np.uint8) for split, n in COUNTS.items()
}
LABELS = {split: (np.arange(n) % 10).astype(np.uint8) for split, n in COUNTS.items()}
CONTENTS = {
    "train-images-idx3-ubyte": IMAGES["train"],
    "train-labels-idx1-ubyte": LABELS["train"],
    "t10k-images-idx3-ubyte": IMAGES["test"],
    "t10k-labels-idx1-ubyte": LABELS["test"],
}
ZIPPED = {f"{name}.gz": gzip.compress(idx_bytes(array)) for name, array in CONTENTS.items()}
CONFIG = DataConfig()


def published(name: str) -> PublishedFile:
    content = idx_bytes(CONTENTS[name])
    magic = idx.LABELS_MAGIC if "labels" in name else idx.IMAGES_MAGIC
    digest = hashlib.sha256(content).hexdigest()
    return PublishedFile(name=name, magic=magic, size=len(content), sha256=digest)


def write_order(path: Path, split: str) -> Path:
    """The position of each image among the sorted rows of a table."""
    rows = [
        bytes([label]) + image.tobytes()
        for label, image in zip(LABELS[split], IMAGES[split], strict=True)
    ]
    ascending = sorted(range(len(rows)), key=rows.__getitem__)
    np.save(path, np.argsort(ascending).astype(np.uint16))
    return path


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A published set of 60 images, an empty cache and no VAELAB_DATA; the cache's folder."""
    monkeypatch.setattr(
        fashion_mnist,
        "PARTS",
        {
            split: fashion_mnist.Part(
                images=published(f"{prefix}-images-idx3-ubyte"),
                labels=published(f"{prefix}-labels-idx1-ubyte"),
                csv=f"fashion-mnist_{split}.csv",
                order=write_order(tmp_path / f"{split}.npy", split),
            )
            for split, prefix in (("train", "train"), ("test", "t10k"))
        },
    )
    monkeypatch.setattr(download, "PAUSES_SECONDS", (0.0, 0.0))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("VAELAB_DATA", raising=False)
    return tmp_path / "cache" / "vaelab" / "fashion-mnist"


def write_files(folder: Path, suffix: str = ".gz") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in CONTENTS.items():
        write_idx(folder / f"{name}{suffix}", array)
    return folder


def write_tables(folder: Path, *, header: bool = True, line_end: str = "\n") -> Path:
    """The two tables with their rows in a random order."""
    folder.mkdir()
    for split, count in COUNTS.items():
        rows = GENERATOR.permutation(count)
        path = folder / f"fashion-mnist_{split}.csv"
        write_csv(path, IMAGES[split][rows], LABELS[split][rows], header=header)
        path.write_bytes(path.read_bytes().replace(b"\n", line_end.encode()))
    return folder


class Handler(http.server.BaseHTTPRequestHandler):
    """Responds as good and bad mirrors do, according to the first folder of the path."""

    def do_GET(self):
        _, behavior, name = self.path.split("/")
        self.server.asked.append((behavior, name))
        body = ZIPPED[name]
        status, sent = {
            "good": (200, body),
            "absent": (404, b"<html>not here</html>"),
            "truncated": (200, body[: len(body) // 2]),
            "cut": (200, body[: len(body) // 2]),
            "other": (200, gzip.compress(idx_bytes(CONTENTS[name[:-3]] // 2))),
            "page": (200, b"<!DOCTYPE html>\n<p>Sign in to this network"),
            "endless": (200, bytes(10 * len(body) + 100_000)),
            "second-time": (200, body)
            if self.server.asked.count((behavior, name)) > 1
            else (503, b""),
        }[behavior]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body if behavior == "cut" else sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def mirrors():
    """Gives the base URL of a mirror by its behavior; its attribute `asked` lists the requests."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    server.handle_error = lambda *arguments: None  # a client that hangs up is expected
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()

    def urls(*behaviors: str) -> tuple[str, ...]:
        return tuple(f"http://127.0.0.1:{server.server_port}/{name}/" for name in behaviors)

    urls.asked = server.asked
    yield urls
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def refusing_mirror():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/"


def assert_is_the_set(dataset):
    assert dataset.name == "fashion-mnist"
    assert dataset.train.class_names[9] == "Ankle boot"
    for split, data in (("train", dataset.train), ("test", dataset.test)):
        np.testing.assert_array_equal(data.images[:, 0], IMAGES[split])
        np.testing.assert_array_equal(data.labels, LABELS[split])


# The search path.


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_the_given_folder(small, tmp_path, suffix):
    folder = write_files(tmp_path / "given", suffix)
    dataset = load(CONFIG, folder, mirrors=())
    assert_is_the_set(dataset)
    assert dataset.source == f"IDX files in {folder}"


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_csv_files_in_any_order_are_the_same_data_set(small, tmp_path, header, line_end):
    folder = write_tables(tmp_path / "csv", header=header, line_end=line_end)
    from_csv = load(CONFIG, folder, mirrors=())
    from_idx = load(CONFIG, write_files(tmp_path / "idx"), mirrors=())
    assert_is_the_set(from_csv)
    assert from_csv.source == f"CSV files in {tmp_path / 'csv'}"
    assert from_csv.train.fingerprint() == from_idx.train.fingerprint()
    assert from_csv.test.fingerprint() == from_idx.test.fingerprint()


def other_images(images, labels):
    images[7, 3, 3] ^= 1
    return images, labels


def other_labels(images, labels):
    labels[:2] = labels[1], labels[0]
    return images, labels


def fewer_images(images, labels):
    return images[:-1], labels[:-1]


def repeated_image(images, labels):
    images[-1], labels[-1] = images[0], labels[0]
    return images, labels


@pytest.mark.parametrize("change", [other_images, other_labels, fewer_images, repeated_image])
def test_other_rows_in_csv_files_are_not_fashion_mnist(small, tmp_path, change):
    folder = write_tables(tmp_path / "csv")
    path = folder / "fashion-mnist_test.csv"
    images, labels = change(IMAGES["test"].copy(), LABELS["test"].copy())
    write_csv(path, images, labels)
    rows = f"found others in {len(images)} rows"
    with refused(path, "published images and labels of Fashion-MNIST", rows) as caught:
        load(CONFIG, folder, mirrors=())
    (advised,) = re.findall('`--data "(.+)"`', str(caught.value))
    dataset = load_data(data_config(advised))
    assert dataset.name == "csv:fashion-mnist_test"
    assert len(dataset.train) + len(dataset.test) == len(images)


@pytest.mark.parametrize("place", [".", "raw", "FashionMNIST/raw"])
def test_the_folders_of_torchvision(small, tmp_path, monkeypatch, place):
    folder = write_files(tmp_path / "given" / place)
    assert_is_the_set(load(CONFIG, tmp_path / "given", mirrors=()))
    monkeypatch.setenv("VAELAB_DATA", str(tmp_path / "given"))
    assert load(CONFIG, mirrors=()).source == f"IDX files in {folder}"


@pytest.mark.parametrize(
    "name",
    [
        lambda name: name.replace("-idx", ".idx"),
        lambda name: f"{name}/{name}",
        lambda name: f"{name}/{name.replace('-idx', '.idx')}",
        lambda name: f"{name.replace('-idx', '.idx')}/{name.replace('-idx', '.idx')}",
        lambda name: f"{name.replace('-idx', '.idx')}.gz",
    ],
)
def test_files_and_folders_that_7_zip_named(small, tmp_path, name):
    for published_name, array in CONTENTS.items():
        path = tmp_path / "given" / name(published_name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_idx(path, array)
    assert_is_the_set(load(CONFIG, tmp_path / "given", mirrors=()))


def test_the_search_order(small, tmp_path, monkeypatch, mirrors):
    assert str(small) in load(CONFIG, mirrors=mirrors("good")).source
    monkeypatch.setenv("VAELAB_DATA", str(write_files(tmp_path / "variable")))
    assert str(tmp_path / "variable") in load(CONFIG, mirrors=()).source
    given = write_files(tmp_path / "given")
    assert str(given) in load(CONFIG, given, mirrors=()).source


@pytest.mark.parametrize("exists", [True, False])
def test_a_given_folder_without_the_files_is_an_error(small, tmp_path, monkeypatch, exists):
    write_files(small)
    folder = tmp_path / "empty"
    if exists:
        folder.mkdir()
    with refused(folder, "--data-dir", "train-images-idx3-ubyte", "fashion-mnist_test.csv"):
        load(CONFIG, folder, mirrors=())
    monkeypatch.setenv("VAELAB_DATA", str(folder))
    with refused(folder, "VAELAB_DATA", "four IDX files"):
        load(CONFIG, mirrors=())


def test_a_folder_that_lacks_one_file(small, tmp_path):
    folder = write_files(tmp_path / "given")
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with refused(folder, "lacks t10k-labels-idx1-ubyte:"):
        load(CONFIG, folder, mirrors=())


def test_files_in_a_cache_that_can_only_be_read(small, monkeypatch):
    write_files(small)
    monkeypatch.setattr(cache, "_cache_problem", lambda folder: "it cannot be written")
    assert_is_the_set(load(CONFIG, mirrors=()))


# The content of the files.


def test_counts_select_the_first_images(small, tmp_path):
    folder = write_files(tmp_path / "given")
    dataset = load_data(DataConfig(train_count=7, test_count=3), folder)
    np.testing.assert_array_equal(dataset.train.images[:, 0], IMAGES["train"][:7])
    np.testing.assert_array_equal(dataset.test.labels, LABELS["test"][:3])
    with refused("train_count", "1 to 40", "found 41"):
        load_data(DataConfig(train_count=41), folder)
    with refused("test_count", "1 to 20", "found 0"):
        load_data(DataConfig(test_count=0), folder)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_other_images_under_the_published_name(small, tmp_path, mirrors, suffix):
    folder = write_files(tmp_path / "given", suffix)
    path = write_idx(folder / f"train-images-idx3-ubyte{suffix}", IMAGES["train"] // 2)
    found = hashlib.sha256(idx_bytes(IMAGES["train"] // 2)).hexdigest()[:12]
    expected = published("train-images-idx3-ubyte").sha256[:12]
    with refused(path, f"SHA-256 {expected}...", f"found {found}...") as caught:
        load(CONFIG, folder, mirrors=())
    (advised,) = re.findall('`vaelab data fetch --data-dir "(.+)"`', str(caught.value))
    fetch(Path(advised), mirrors=mirrors("good"))
    assert_is_the_set(load(CONFIG, folder, mirrors=()))


def test_a_label_out_of_range_is_named(small, tmp_path):
    folder = write_files(tmp_path / "given", "")
    path = write_idx(folder / "t10k-labels-idx1-ubyte", np.full(20, 10, np.uint8))
    with refused(path, "item 0 (byte 8)", "found 10"):
        load(CONFIG, folder, mirrors=())


def test_a_file_that_may_not_be_read(small, tmp_path, monkeypatch):
    folder = write_files(tmp_path / "given")
    real_open = Path.open

    def refusing_open(path, *arguments, **options):
        if path.name == "train-labels-idx1-ubyte.gz":
            raise PermissionError(13, "Permission denied")  # chmod does not hold root back
        return real_open(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refusing_open)
    with refused(folder / "train-labels-idx1-ubyte.gz", "cannot be read: Permission denied"):
        load(CONFIG, folder, mirrors=())


# Downloads.


def test_downloads_into_the_cache_and_only_once(small, mirrors, capsys):
    assert_is_the_set(load(CONFIG, mirrors=mirrors("good")))
    assert sorted(path.name for path in small.iterdir()) == sorted(ZIPPED)
    output = capsys.readouterr()
    assert output.out == ""
    assert "train-images-idx3-ubyte.gz" in output.err
    assert_is_the_set(load(CONFIG, mirrors=mirrors("good")))
    assert fetch(mirrors=mirrors("good")) == small
    assert len(mirrors.asked) == 4


def test_fetch_into_a_folder_replaces_only_what_is_damaged(small, tmp_path, mirrors):
    folder = write_files(tmp_path / "mine")
    damaged = folder / "t10k-images-idx3-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:100])
    assert fetch(folder, mirrors=mirrors("good")) == folder
    assert mirrors.asked == [("good", damaged.name)]
    assert_is_the_set(load(CONFIG, folder, mirrors=()))


def test_fetch_outdoes_a_damaged_unzipped_file(small, tmp_path, mirrors):
    folder = write_files(tmp_path / "mine", "")
    (folder / "t10k-images-idx3-ubyte").write_bytes(b"damaged")
    fetch(folder, mirrors=mirrors("good"))
    assert_is_the_set(load(CONFIG, folder, mirrors=()))


BAD_MIRRORS = {
    "absent": "answers 404 Not Found",
    "truncated": "truncated gzip",
    "cut": "",
    "other": "SHA-256",
    "page": "starts with '<!DOCTYPE html'",
    "endless": "more than the expected",
}


@pytest.mark.parametrize("behavior", BAD_MIRRORS)
def test_the_next_mirror_serves(small, mirrors, behavior):
    assert_is_the_set(load(CONFIG, mirrors=mirrors(behavior, "good")))
    assert not leftovers(small)


def test_the_next_mirror_serves_where_connections_are_refused(small, mirrors, refusing_mirror):
    assert_is_the_set(load(CONFIG, mirrors=(refusing_mirror, *mirrors("good"))))


def test_a_mirror_is_tried_again(small, mirrors):
    assert_is_the_set(load(CONFIG, mirrors=mirrors("second-time")))


@pytest.mark.parametrize(("behavior", "reason"), BAD_MIRRORS.items())
def test_no_mirror_serves(small, mirrors, behavior, reason):
    urls = mirrors(behavior)
    advice = ("--data-dir", "VAELAB_DATA", "wardrobe")
    with refused(urls[0], reason, *advice, kind=DataUnavailableError):
        load(CONFIG, mirrors=urls)
    assert mirrors.asked == [(behavior, "train-images-idx3-ubyte.gz")] * 2
    assert not list(small.iterdir())


def test_the_message_names_every_mirror(small, mirrors, refusing_mirror):
    urls = (refusing_mirror, *mirrors("absent", "page"))
    with refused(*urls, "refused", "404", "web page"):
        fetch(mirrors=urls)


def test_an_interruption_leaves_no_partial_file(small, mirrors, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(fashion_mnist, "_read_published", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch(mirrors=mirrors("good"))
    assert not list(small.iterdir())


def test_a_full_disk(small, mirrors):
    resource = pytest.importorskip("resource", reason="limits of file sizes are POSIX")
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16384, limits[1]))
    try:
        with refused(small / "train-images-idx3-ubyte.gz", "cannot be written: File too large"):
            fetch(mirrors=mirrors("good"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert not list(small.iterdir())
    assert len(mirrors.asked) == 1  # another mirror would not free disk space


def test_a_folder_that_cannot_be_made(small, tmp_path, mirrors):
    (tmp_path / "file").write_text("in the way")
    with refused(tmp_path / "file" / "data", "cannot be written"):
        fetch(tmp_path / "file" / "data", mirrors=mirrors("good"))


# The real set.


@pytest.fixture(scope="module")
def real():
    return load(CONFIG, mirrors=())


@pytest.mark.real_data
def test_the_real_set_is_the_published_one(real):
    assert real.train.images.shape == (60000, 1, 28, 28)
    assert real.test.images.shape == (10000, 1, 28, 28)
    assert np.bincount(real.train.labels).tolist() == [6000] * 10
    assert np.bincount(real.test.labels).tolist() == [1000] * 10


@pytest.mark.real_data
def test_the_floors_of_bernoulli_reconstruction(real):
    assert entropy_nats_per_image(real.train) == pytest.approx(188.281, abs=1e-3)
    assert entropy_nats_per_image(real.test) == pytest.approx(189.858, abs=1e-3)


@pytest.mark.real_data
def test_the_real_set_from_csv_in_any_order_has_the_same_fingerprints(real, tmp_path):
    # numpy's savetxt takes half a minute for this.
    texts = np.array([str(level) for level in range(256)], object)
    for split, data in (("train", real.train), ("test", real.test)):
        rows = texts[np.column_stack([data.labels, data.images.reshape(len(data), -1)])]
        path = tmp_path / f"fashion-mnist_{split}.csv"
        path.write_text("\n".join(map(",".join, GENERATOR.permutation(rows))))
    from_csv = load(CONFIG, tmp_path, mirrors=())
    assert from_csv.train.fingerprint() == real.train.fingerprint()
    assert from_csv.test.fingerprint() == real.test.fingerprint()
