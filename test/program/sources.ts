/** Sources of a program with what debug information has of its own: inlined calls, types of all kinds, globals. */

/** Contents by file name; `start` is the entry. */
export const sources: Readonly<Record<string, string>> = {
  'shapes.h': `
typedef int v4int32 __attribute__((vector_size(16)));
enum class Mode : unsigned char { Idle = 1, Fast = 7 };
enum Plain { Minus = -3, Big = 70000 };
union Word { int whole; float real; unsigned char bytes[4]; };
struct Node {
  short tag;
  unsigned low : 3, high : 9;
  Node *next;
  union Word word;
  struct { int x, y; } point;
};
struct Base { int first; };
struct Derived : Base { long long second; volatile const int *where; int (*call)(int); };
static inline int add(int a, int b) { return a * b + 1; }
static inline __attribute__((always_inline)) int twice(int a) {
  int sum = 0;
  for (int i = 0; i < a; i++)
    sum += add(i, a);
  return sum;
}
template <class T> struct Filter {
  T taps[8];
  inline T run(const T *in) const {
    T sum = 0;
    for (int i = 0; i < 8; i++) sum += twice((int)in[i]) + taps[i];
    return sum;
  }
  __attribute__((noinline)) static T scale(T value);
};
template <class T> T Filter<T>::scale(T value) { return value * 3 + twice(value); }
`,
  'kernel.cc': `
#include "shapes.h"
namespace dsp {
v4int32 window[64];
Node table[3][5];
volatile Mode mode = Mode::Fast;
Plain plain = Big;
static int hidden[4] = {1, 2, 3, 4};
Derived derived;
bool flag; char letter; float gain = 1.5f; double wide; unsigned long long many; signed char tiny; unsigned short port;
Filter<int> filter;
int &alias = hidden[1];
extern int other;
__attribute__((noinline)) int kernel(int *in, int n) {
  static int calls;
  calls++;
  int sum = filter.run(in) + Filter<int>::scale(n);
  if (n > 3) {
    for (int i = 0; i < n; i++)
      sum += twice(in[i]) + hidden[i & 3];
  } else
    sum -= add(n, 2);
  return sum + other;
}
}
int outside(int n);
extern "C" int start(int n) {
  dsp::table[1][2].tag = (short)twice(n);
  dsp::table[0][1].high = n;
  dsp::mode = Mode::Idle;
  dsp::window[n] = v4int32{1, 2, 3, n};
  dsp::derived.second = n; dsp::flag = n > 1; dsp::letter = 'a'; dsp::wide = 2.5; dsp::gain = 0.5f; dsp::many = n;
  dsp::tiny = 1; dsp::port = 2; dsp::plain = Minus;
  return dsp::kernel(dsp::hidden, n) + outside(n) + dsp::alias;
}
extern "C" void *memset(void *at, int value, unsigned n) {
  for (unsigned i = 0; i < n; i++) ((volatile char *)at)[i] = (char)value;
  return at;
}
extern "C" void *memcpy(void *to, const void *from, unsigned n) {
  for (unsigned i = 0; i < n; i++) ((volatile char *)to)[i] = ((const char *)from)[i];
  return to;
}
`,
  'other.cc': `
#include "shapes.h"
namespace dsp { int other = 5; }
namespace { Word secret[2]; }
static __attribute__((noinline)) int inner(int n) { return n * 5 + twice(n + 1); }
int outside(int n) {
  struct Local { int a; inline int get() const { return inner(a) + add(a, 4); } } local = {n};
  secret[n & 1].whole += local.get();
  return secret[0].whole + (n > 9 ? inner(n) : twice(n * 2));
}
`,
};
