// Kernels of the backend "cupy". `cuda.py` puts the constants of the random numbers in front of this text.
//
// Every kernel goes over its results in strides of the whole grid: a grid of any size does them all, so that more
// results than a grid may have threads are no special case. Arrays are as in `kernels.py`, in the order of memory.

typedef unsigned long long word;
typedef long long place;

#define WARP 32
#define ALL_LANES 0xffffffffu
#define THREAD (blockIdx.x * (place)blockDim.x + threadIdx.x)
#define THREADS (gridDim.x * (place)blockDim.x)
#define LANE ((place)(threadIdx.x % WARP))

// ------------------------------------------------------------ streams

static __device__ word mix(word z)
{
    z = (z ^ (z >> SHIFT_1)) * MULTIPLIER_1;
    z = (z ^ (z >> SHIFT_2)) * MULTIPLIER_2;
    return z ^ (z >> SHIFT_3);
}

// Seed and gamma of the stream with this number: Philox4x32-10 of the counter (number, number >> 32, 0, 0).
static __device__ void source(word key, word number, word* seed, word* gamma)
{
    unsigned c0 = (unsigned)number, c1 = (unsigned)(number >> 32), c2 = 0, c3 = 0;
    unsigned k0 = (unsigned)key, k1 = (unsigned)(key >> 32);
    for (int round = 0; round < PHILOX_ROUNDS; round++, k0 += WEYL_0, k1 += WEYL_1) {
        word p0 = (word)PHILOX_0 * c0, p1 = (word)PHILOX_1 * c2;
        c0 = (unsigned)(p1 >> 32) ^ c1 ^ k0, c1 = (unsigned)p1;
        c2 = (unsigned)(p0 >> 32) ^ c3 ^ k1, c3 = (unsigned)p0;
    }
    word odd = c2 | (word)c3 << 32 | 1;
    *seed = c0 | (word)c1 << 32;
    *gamma = __popcll(odd ^ (odd >> 1)) < FEW ? odd ^ ALTERNATING : odd;
}

// Word number w of a random stream with this threshold of NUMBER_DIGITS digits, see `reference.bernoulli`.
static __device__ word random_word(word seed, word gamma, word threshold, word w)
{
    if (threshold >> NUMBER_DIGITS) return ~0ull;  // a probability of 1
    word left = threshold << (64 - NUMBER_DIGITS);  // the next digit is the highest one
    word undecided = ~0ull, below = 0, state = seed + WORD_STEP * w * gamma;
    for (int digit = 0; digit < SHARED_DIGITS && left; digit++, left <<= 1) {
        state += gamma;
        word bits = mix(state), wanted = 0 - (left >> 63);
        below |= undecided & ~bits & wanted;
        undecided &= ~(bits ^ wanted);
    }
    if (!left) return below;
    state = seed + (WORD_STEP * w + WORD_STEP / 2) * gamma;
    for (; undecided; undecided &= undecided - 1) {  // cycles whose first digits are those of the threshold
        word lowest = undecided & (0 - undecided), cycle = __popcll(lowest - 1);
        if (mix(state + (cycle + 1) * gamma) < left) below |= lowest;
    }
    return below;
}

// A thread makes a word of `out` (rows, words).
extern "C" __global__ void bernoulli(
    word key, const word* streams, const word* thresholds, word* out,
    place rows, place words, place bits, place first_word, word tail)
{
    for (place i = THREAD; i < rows * words; i += THREADS) {
        word seed, gamma;
        source(key, streams[i / words], &seed, &gamma);
        word made = random_word(seed, gamma, thresholds[i / words] << (NUMBER_DIGITS - bits), first_word + i % words);
        out[i] = i % words == words - 1 ? made & tail : made;
    }
}

// A warp makes a word of `out` (rows, words): lane t compares the cycles t and t + 32. Row r is row `first` + r of all,
// where n inputs take turns.
extern "C" __global__ void compare(
    const unsigned* sequences, const word* thresholds, word* out,
    place rows, place words, place length, place n_sequences, place first, place n)
{
    for (place i = THREAD / WARP; i < rows * words; i += THREADS / WARP) {
        const unsigned* sequence = sequences + (n_sequences == 1 ? 0 : (first + i / words) % n) * length;
        word threshold = thresholds[i / words];
        place t = i % words * 64 + LANE;
        word low = __ballot_sync(ALL_LANES, t < length && sequence[t] < threshold);
        word high = __ballot_sync(ALL_LANES, t + WARP < length && sequence[t + WARP] < threshold);
        if (LANE == 0) out[i] = high << WARP | low;
    }
}

// A thread copies a word to `out` (rows, words) from a row of the table.
extern "C" __global__ void gather(const word* table, const word* chosen, word* out, place rows, place words)
{
    for (place i = THREAD; i < rows * words; i += THREADS) out[i] = table[chosen[i / words] * words + i % words];
}

// A thread finds the place in a table of streams, `out` (samples, rails, n), for a number (samples, n) times the sign of
// the rail. Product and sum are rounded one after the other, as on the host.
extern "C" __global__ void table_places(
    const double* numbers, const place* first, word* out,
    place samples, place rails, place n, place modulus, place n_first, place centred)
{
    for (place i = THREAD; i < samples * rails * n; i += THREADS) {
        double number = numbers[i / (rails * n) * n + i % n];
        double scale = i / n % rails ? -(double)modulus : (double)modulus;
        place threshold = (place)__dadd_rn(__dmul_rn(centred ? (number + 1.0) / 2.0 : number, scale), 0.5);
        threshold = threshold < 0 ? 0 : threshold > modulus ? modulus : threshold;
        out[i] = threshold + (n_first ? first[i % n] : 0);
    }
}

// A thread makes a word of `out` (rows, words) of the streams (rows, n) of `length` cycles, below 64, that lie side by
// side in a row.
extern "C" __global__ void join_rows(const word* streams, word* out, place rows, place words, place n, place length)
{
    for (place i = THREAD; i < rows * words; i += THREADS) {
        place start = i % words * 64, line = start / length;
        const word* stream = streams + i / words * n;
        word made = stream[line] >> (start - line * length);
        for (line++; line < n && line * length < start + 64; line++) made |= stream[line] << (line * length - start);
        out[i] = made;
    }
}

// ------------------------------------------------------------ counts: a warp counts for one result

// Adds what the lanes of a warp have counted to a result.
static __device__ void add(place ones, place* result)
{
    for (int step = WARP / 2; step; step /= 2) ones += __shfl_down_sync(ALL_LANES, ones, step);
    if (LANE == 0) *result += ones;
}

// streams (rows, words).
extern "C" __global__ void popcount(const word* streams, place* out, place rows, place words)
{
    for (place i = THREAD / WARP; i < rows; i += THREADS / WARP) {
        place ones = 0;
        for (place k = LANE; k < words; k += WARP) ones += __popcll(streams[i * words + k]);
        add(ones, out + i);
    }
}

// x (groups, samples, width), w (groups, neurons, width).
extern "C" __global__ void and_counts(
    const word* x, const word* w, place* out, place groups, place samples, place neurons, place width)
{
    for (place i = THREAD / WARP; i < groups * samples * neurons; i += THREADS / WARP) {
        place row = i / neurons;
        const word* a = x + row * width;
        const word* b = w + (row / samples * neurons + i % neurons) * width;
        place ones = 0;
        for (place k = LANE; k < width; k += WARP) ones += __popcll(a[k] & b[k]);
        add(ones, out + i);
    }
}

// x (groups, samples, lines, words), w (groups, parts, neurons, n, words), windows (parts, n_windows, n).
extern "C" __global__ void window_counts(
    const word* x, const word* w, const place* windows, place* out, place groups, place samples, place lines,
    place parts, place n_windows, place neurons, place n, place words)
{
    for (place i = THREAD / WARP; i < groups * samples * parts * n_windows * neurons; i += THREADS / WARP) {
        place window = i / neurons % (parts * n_windows), part = window / n_windows;
        place row = i / neurons / (parts * n_windows);
        const word* a = x + row * lines * words;
        const word* b = w + ((row / samples * parts + part) * neurons + i % neurons) * n * words;
        const place* line = windows + window * n;
        place ones = 0;
        for (place k = LANE; k < n * words; k += WARP) ones += __popcll(a[line[k / words] * words + k % words] & b[k]);
        add(ones, out + i);
    }
}

// x (groups, samples, lines, words), w (groups, n_weights, words); indptr, inputs and weights are a `Wiring`.
extern "C" __global__ void wired_counts(
    const word* x, const word* w, const place* indptr, const place* inputs, const place* weights, place* out,
    place groups, place samples, place neurons, place lines, place n_weights, place words)
{
    for (place i = THREAD / WARP; i < groups * samples * neurons; i += THREADS / WARP) {
        place row = i / neurons, neuron = i % neurons;
        const word* a = x + row * lines * words;
        const word* b = w + row / samples * n_weights * words;
        place stop = indptr[neuron + 1] * words, ones = 0;
        for (place k = indptr[neuron] * words + LANE; k < stop; k += WARP) {
            place synapse = k / words, q = k % words;
            ones += __popcll(a[inputs[synapse] * words + q] & b[weights[synapse] * words + q]);
        }
        add(ones, out + i);
    }
}

// x (groups, samples, lines, words); the streams of the weights are made where they are needed, see `FreshWeights`. A
// lane takes a synapse: `inputs` has its line, or else a neuron's synapses take the lines in order.
extern "C" __global__ void fresh_counts(
    const word* x, const place* indptr, const place* inputs, const place* numbers, const place* codes, place* out,
    word key, word tail, place groups, place samples, place neurons, place lines, place words,
    place listed, place n_weights, place apart, place bits, place xnor)
{
    for (place i = THREAD / WARP; i < groups * samples * neurons; i += THREADS / WARP) {
        place row = i / neurons, start = indptr[i % neurons], ones = 0;
        word first = (word)numbers[row / samples] * n_weights;
        for (place k = start + LANE; k < indptr[i % neurons + 1]; k += WARP) {
            const word* line = x + (row * lines + (listed ? inputs[k] : k - start)) * words;
            word threshold = (word)(codes[k] < 0 ? -codes[k] : codes[k]) << (NUMBER_DIGITS - bits), seed, gamma;
            source(key, first + (apart ? k : 0), &seed, &gamma);
            place found = 0;
            for (place q = 0; q < words; q++) {
                if (!line[q] && !xnor) continue;  // needs no weight
                word weight = random_word(seed, gamma, threshold, q);
                word product = xnor ? ~(line[q] ^ weight) : line[q] & weight;
                found += __popcll(q == words - 1 ? product & tail : product);
            }
            ones += codes[k] < 0 ? -found : found;
        }
        add(ones, out + i);
    }
}
