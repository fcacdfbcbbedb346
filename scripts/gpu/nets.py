"""Networks in torch: torchvision's, and encoders and decoders as MiniLM-L6 and GPT-2 are built.
Weights are seeded random numbers."""

import torch
import torch.nn.functional as F
from torch import nn

IMAGE = ["resnet50", "mobilenet_v3_large", "vit_b_16", "swin_t"]
ALL = [*IMAGE, "minilm_l6", "gpt2_step"]
TOKENS, PAST = 128, 128


class Block(nn.Module):
    """A transformer's layer: normalised after (BERT) or before (GPT-2)."""

    def __init__(self, width, heads, inner, before):
        super().__init__()
        self.heads, self.before = heads, before
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)

    def attend(self, x, mask, past):
        batch, length, width = x.shape
        q, k, v = (self.qkv(x).view(batch, length, 3, self.heads, width // self.heads)
                   .permute(2, 0, 3, 1, 4).unbind(0))
        if past is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.project(out.transpose(1, 2).reshape(batch, length, width)), k, v

    def forward(self, x, mask=None, past=None):
        if self.before:
            attended, k, v = self.attend(self.first(x), mask, past)
            x = x + attended
            return x + self.down(F.gelu(self.up(self.second(x)), approximate="tanh")), k, v
        attended, k, v = self.attend(x, mask, past)
        x = self.first(x + attended)
        return self.second(x + self.down(F.gelu(self.up(x)))), k, v


class MiniLM(nn.Module):
    """Six layers of 384, twelve heads; the mean of the tokens, normalised."""

    def __init__(self):
        super().__init__()
        self.words, self.places, self.kinds = nn.Embedding(30522, 384), nn.Embedding(512, 384), nn.Embedding(2, 384)
        self.norm = nn.LayerNorm(384)
        self.blocks = nn.ModuleList(Block(384, 12, 1536, before=False) for _ in range(6))

    def forward(self, input_ids, attention_mask):
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        x = self.norm(self.words(input_ids) + self.places(places) + self.kinds.weight[0])
        mask = (1.0 - attention_mask[:, None, None, :].to(x.dtype)) * -1e4
        for block in self.blocks:
            x, _, _ = block(x, mask)
        weight = attention_mask[:, :, None].to(x.dtype)
        return F.normalize((x * weight).sum(1) / weight.sum(1).clamp(min=1e-9), dim=1)


class Gpt2Step(nn.Module):
    """One step of decoding with what was before: twelve layers of 768."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(50257, 768), nn.Embedding(1024, 768)
        self.blocks = nn.ModuleList(Block(768, 12, 3072, before=True) for _ in range(12))
        self.norm = nn.LayerNorm(768)

    def forward(self, input_ids, past_k, past_v):
        x = self.words(input_ids) + self.places.weight[past_k.shape[3]]
        keys, values = [], []
        for i, block in enumerate(self.blocks):
            x, k, v = block(x, None, (past_k[i], past_v[i]))
            keys.append(k)
            values.append(v)
        return self.norm(x) @ self.words.weight.t(), torch.stack(keys), torch.stack(values)


def make(name, batch, dtype=torch.float32):
    """The network, in evaluation mode, and its named inputs, on the CPU."""
    torch.manual_seed(0)
    if name in IMAGE:
        import torchvision

        network, inputs = getattr(torchvision.models, name)(weights=None), {"image": torch.randn(batch, 3, 224, 224)}
        for module in network.modules():  # as if trained: nothing else tells whether they are used
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.8, 1.2)
    elif name == "minilm_l6":
        network = MiniLM()
        inputs = {"input_ids": torch.randint(0, 30000, (batch, TOKENS)),
                  "attention_mask": torch.ones(batch, TOKENS, dtype=torch.int64)}
    else:
        network = Gpt2Step()
        past = (12, batch, 12, PAST, 64)
        inputs = {"input_ids": torch.randint(0, 8000, (batch, 1)), "past_k": torch.randn(past),
                  "past_v": torch.randn(past)}
    inputs = {key: x.to(dtype) if x.is_floating_point() else x for key, x in inputs.items()}
    return network.to(dtype).eval(), inputs
