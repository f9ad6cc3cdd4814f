// What the text of CUDA kernels needs to run on the host: the threads of a block are fibers that take turns.
//
// A fiber runs until it meets the others, in a shuffle, a ballot or __syncthreads. All threads of a block have to meet
// equally often there, as all lanes of a warp must on the device; else `trouble` says so.
#include <csetjmp>
#include <cstdlib>
#include <functional>
#include <ucontext.h>

#define __global__
#define __device__

struct Dim3 { unsigned x, y, z; };
static Dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace host {
const int WARP = 32, MOST = 1024, STACK = 1 << 16;
struct Fiber { jmp_buf place; ucontext_t start; char* stack; long meetings; bool done; };
static Fiber fibers[MOST];
static long long slots[2][MOST];
static jmp_buf scheduler;
static ucontext_t origin;
static std::function<void()> body;
static const char* trouble = nullptr;

inline void meet()
{
    Fiber& mine = fibers[threadIdx.x];
    mine.meetings++;
    if (!_setjmp(mine.place)) _longjmp(scheduler, 1);
}

// A fiber does one block after another: it waits here for the next one.
inline void run()
{
    for (;;) {
        Fiber& mine = fibers[threadIdx.x];
        body();
        mine.done = true;
        if (!_setjmp(mine.place)) _longjmp(scheduler, 1);
    }
}

inline void resume(Fiber& fiber)
{
    if (_setjmp(scheduler)) return;
    if (fiber.stack) _longjmp(fiber.place, 1);
    fiber.stack = (char*)malloc(STACK);
    getcontext(&fiber.start);
    fiber.start.uc_stack.ss_sp = fiber.stack;
    fiber.start.uc_stack.ss_size = STACK;
    fiber.start.uc_link = nullptr;
    makecontext(&fiber.start, run, 0);
    swapcontext(&origin, &fiber.start);
}

inline const char* launch(unsigned blocks, unsigned threads, std::function<void()> kernel)
{
    body = kernel, trouble = nullptr;
    gridDim = {blocks, 1, 1}, blockDim = {threads, 1, 1};
    for (unsigned block = 0; block < blocks; block++) {
        blockIdx = {block, 0, 0};
        for (unsigned t = 0; t < threads; t++) fibers[t].done = false, fibers[t].meetings = 0;
        for (unsigned running = threads; running;) {
            running = 0;
            for (unsigned t = 0; t < threads; t++) {
                if (fibers[t].done) continue;
                threadIdx = {t, 0, 0};
                resume(fibers[t]);
                if (!fibers[t].done) running++;
            }
        }
        for (unsigned t = 0; t < threads; t++)
            if (fibers[t].meetings != fibers[t / WARP * WARP].meetings) trouble = "lanes of a warp met unequally often";
    }
    return trouble;
}

inline long long shown(long long value, int from)
{
    long long* slot = slots[fibers[threadIdx.x].meetings % 2];  // the other one is still read by those behind
    slot[threadIdx.x] = value;
    meet();
    return slot[from];
}
}  // namespace host

static inline double __dmul_rn(double a, double b) { return a * b; }
static inline double __dadd_rn(double a, double b) { return a + b; }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }

static inline long long __shfl_down_sync(unsigned, long long value, int step)
{
    int lane = threadIdx.x % host::WARP;
    return host::shown(value, lane + step < host::WARP ? threadIdx.x + step : threadIdx.x);
}

static inline unsigned __ballot_sync(unsigned, bool vote)
{
    long long* slot = host::slots[host::fibers[threadIdx.x].meetings % 2];
    host::shown(vote, threadIdx.x);
    unsigned first = threadIdx.x / host::WARP * host::WARP, votes = 0;
    for (int lane = 0; lane < host::WARP; lane++) votes |= (unsigned)(slot[first + lane] != 0) << lane;
    return votes;
}
