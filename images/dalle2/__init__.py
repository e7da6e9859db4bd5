"""DALL-E 2 at digit scale: captions, CLIP, a prior over its embeddings, a decoder and an upsampler."""
