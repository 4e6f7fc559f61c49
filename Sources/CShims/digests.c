#include <stdatomic.h>
#include <string.h>

#include "CShims.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

bool swiftvm_has_digests(void) {
    // 0: not looked at yet.
    static _Atomic int known;
    int answer = atomic_load_explicit(&known, memory_order_relaxed);
    if (!answer) {
        unsigned a, b, c = 0, d;
        const unsigned wanted = bit_AES | bit_SSSE3 | bit_SSE4_1;
        answer = __get_cpuid(1, &a, &b, &c, &d) && (c & wanted) == wanted ? 1 : 2;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer == 1;
}

// A round of AES for each 16 bytes, as in the hashes of Go's runtime and of Rust's aHash, and a sum beside it, as in the latter: what one lets pass the other does not.
__attribute__((target("aes,ssse3,sse4.1"))) static uint64_t digest(const __m128i *pixels,
                                                                   const __m128i *keys) {
    const __m128i shuffle = _mm_set_epi64x(0x020a07000c01030e, 0x050f0d0806090b04);
    __m128i a = keys[0], b = keys[1], c = keys[2], d = keys[3];
    __m128i e = keys[4], f = keys[5], g = keys[6], h = keys[7];
    for (int i = 0; i < SWIFTVM_TILE / 16; i += 4) {
        const __m128i w = _mm_loadu_si128(pixels + i), x = _mm_loadu_si128(pixels + i + 1);
        const __m128i y = _mm_loadu_si128(pixels + i + 2), z = _mm_loadu_si128(pixels + i + 3);
        a = _mm_aesenc_si128(a, w);
        b = _mm_aesenc_si128(b, x);
        c = _mm_aesenc_si128(c, y);
        d = _mm_aesenc_si128(d, z);
        e = _mm_add_epi64(_mm_shuffle_epi8(e, shuffle), w);
        f = _mm_add_epi64(_mm_shuffle_epi8(f, shuffle), x);
        g = _mm_add_epi64(_mm_shuffle_epi8(g, shuffle), y);
        h = _mm_add_epi64(_mm_shuffle_epi8(h, shuffle), z);
    }
    a = _mm_aesenc_si128(_mm_aesenc_si128(a, e), _mm_aesenc_si128(b, f));
    c = _mm_aesenc_si128(_mm_aesenc_si128(c, g), _mm_aesenc_si128(d, h));
    a = _mm_aesenc_si128(_mm_aesenc_si128(_mm_aesenc_si128(a, c), keys[8]), keys[9]);
    // Never that of a tile that is not known.
    return (uint64_t)_mm_cvtsi128_si64(a) | 1;
}

bool swiftvm_row_changes(const void *row, size_t length, const void *keys, uint64_t *digests,
                         size_t *first, size_t *end) {
    __m128i own[SWIFTVM_DIGEST_KEYS / 16];
    memcpy(own, keys, sizeof own);
    bool changed = false;
    for (size_t offset = 0, tile = 0; offset < length; offset += SWIFTVM_TILE, tile++) {
        const char *pixels = (const char *)row + offset;
        size_t count = length - offset;
        uint64_t now;
        if (count >= SWIFTVM_TILE) {
            count = SWIFTVM_TILE;
            now = digest((const __m128i *)pixels, own);
        } else {
            __m128i padded[SWIFTVM_TILE / 16] = {0};
            memcpy(padded, pixels, count);
            now = digest(padded, own);
        }
        if (now == digests[tile]) continue;
        digests[tile] = now;
        if (!changed) *first = offset;
        *end = offset + count;
        changed = true;
    }
    return changed;
}

#else

bool swiftvm_has_digests(void) { return false; }

bool swiftvm_row_changes(const void *row, size_t length, const void *keys, uint64_t *digests,
                         size_t *first, size_t *end) {
    (void)row, (void)keys, (void)digests;
    *first = 0;
    *end = length;
    return length > 0;
}

#endif
