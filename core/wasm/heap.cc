// malloc and free for a module: a tenth of the code of wasi-libc's, which would be in every mail that is sent.
//
// Small blocks have sizes that are powers of two and return to the list of their size. Large ones are whole pages; they
// return to one list in the order of addresses, where neighbours become one again. Memory is never given back: the host
// drops the module. One thread, no other user of memory.grow.
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" std::uint8_t __heap_base;

namespace {

// Block is what stands before the caller's bytes; 16 bytes keep these aligned for any type.
struct alignas(16) Block {
  std::size_t size = 0;   // of the whole block
  Block* next = nullptr;  // while it is free

  std::uint8_t* end() { return reinterpret_cast<std::uint8_t*>(this) + size; }
};
static_assert(sizeof(Block) == 16);

constexpr std::size_t kPage = 65536;
constexpr std::size_t kLargestSmall = kPage / 2;
constexpr std::size_t kLimit = std::size_t{1} << 31;

std::array<Block*, 32> small_blocks;  // free ones, by the logarithm of their size
Block* large_blocks;                  // free ones, by address
std::uint8_t* top;                    // where memory that was never used begins
std::size_t left;                     // bytes of it that the module has

Block* place(void* address, std::size_t size) {
  return new (address) Block{size};
}

// Takes memory that was never used, asking the host for more pages when needed.
Block* fresh(std::size_t size) {
  if (top == nullptr) {
    const auto base = (reinterpret_cast<std::uintptr_t>(&__heap_base) + 15) / 16 * 16;
    top = reinterpret_cast<std::uint8_t*>(base);
    left = __builtin_wasm_memory_size(0) * kPage - base;
  }
  if (size > left) {
    const auto pages = (size - left + kPage - 1) / kPage;
    if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX) return nullptr;
    left += pages * kPage;
  }
  auto* block = place(top, size);
  top += size;
  left -= size;
  return block;
}

Block* take_small(std::size_t size) {
  auto*& first = small_blocks[static_cast<std::size_t>(std::countr_zero(size))];
  if (first == nullptr) return fresh(size);
  auto* block = first;
  first = block->next;
  return block;
}

// The smallest free block that is large enough; what is left of it stays free.
Block* take_large(std::size_t size) {
  Block** best = nullptr;
  for (auto** at = &large_blocks; *at != nullptr; at = &(*at)->next)
    if ((*at)->size >= size && (best == nullptr || (*at)->size < (*best)->size)) best = at;
  if (best == nullptr) return fresh(size);
  auto* block = *best;
  *best = block->next;
  if (block->size > size) {
    auto* rest = place(reinterpret_cast<std::uint8_t*>(block) + size, block->size - size);
    rest->next = *best;
    *best = rest;
    block->size = size;
  }
  return block;
}

void join_next(Block* block) {
  auto* next = block->next;
  if (next == nullptr || block->end() != reinterpret_cast<std::uint8_t*>(next)) return;
  block->size += next->size;
  block->next = next->next;
}

void give_large(Block* block) {
  Block* before = nullptr;
  auto** at = &large_blocks;
  for (; *at != nullptr && *at < block; at = &(*at)->next) before = *at;
  block->next = *at;
  *at = block;
  join_next(block);
  if (before != nullptr) join_next(before);
}

}  // namespace

extern "C" void* malloc(std::size_t wanted) {
  if (wanted > kLimit) return nullptr;
  const auto size = wanted + sizeof(Block);
  auto* block =
      size <= kLargestSmall ? take_small(std::bit_ceil(size)) : take_large((size + kPage - 1) / kPage * kPage);
  return block == nullptr ? nullptr : block + 1;
}

extern "C" void free(void* bytes) {
  if (bytes == nullptr) return;
  auto* block = static_cast<Block*>(bytes) - 1;
  if (block->size > kLargestSmall) return give_large(block);
  auto*& first = small_blocks[static_cast<std::size_t>(std::countr_zero(block->size))];
  block->next = first;
  first = block;
}

// libc++ links this for types of greater alignment, of which there are none.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return alignment <= alignof(Block) ? malloc(size) : nullptr;
}
