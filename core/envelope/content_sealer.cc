#include "core/envelope/content_sealer.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/check.h"
#include "core/base/secret.h"
#include "core/base/writer.h"
#include "core/envelope/padme.h"

namespace bulla::envelope {
namespace {

// A leaf is a whole number of chunks, and begins at one: so leaves are hashed and sealed apart from each other.
constexpr std::size_t kLeafChunks = kLeafSize / age::kChunkSize;
static_assert(kLeafChunks * age::kChunkSize == kLeafSize);

// Leaf is one full leaf on its way: `input` is the caller's memory or `own`.
struct Leaf {
  explicit Leaf(ByteView payload_key) : key(payload_key) {}
  crypto::Aead key;
  Secret own;
  ByteView input;
  std::uint64_t first_chunk = 0;
  Bytes sealed;
  crypto::Sha256Digest digest{};
  bool done = false;

  // One 64 KiB chunk at a time is hashed and sealed, while it is in the cache.
  void run() {
    sealed.resize(age::sealed_chunks_size(kLeafSize));
    crypto::Sha256 hash;
    for (std::size_t i = 0; i < kLeafChunks; ++i) {
      const auto chunk = input.subspan(i * age::kChunkSize, age::kChunkSize);
      hash.update(chunk);
      age::seal_chunks(key, first_chunk + i, chunk, false,
                       MutableBytes(sealed).subspan(i * age::kSealedChunkSize, age::kSealedChunkSize));
    }
    digest = hash.finish();
  }
};

// Pool runs leaves on some threads, and on the caller's while it waits.
class Pool {
 public:
  explicit Pool(unsigned threads) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Pool() {
    {
      const std::scoped_lock lock(mutex_);
      stop_ = true;
    }
    ready_.notify_all();
    for (auto& thread : threads_) thread.join();
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void submit(Leaf& leaf) {
    {
      const std::scoped_lock lock(mutex_);
      leaf.done = false;
      queue_.push_back(&leaf);
    }
    ready_.notify_one();
  }

  // wait returns when the leaf is done. Until then it works on others.
  void wait(const Leaf& leaf) {
    std::unique_lock lock(mutex_);
    while (!leaf.done) {
      if (!run_one(lock)) finished_.wait(lock);
    }
  }

 private:
  bool run_one(std::unique_lock<std::mutex>& lock) {
    if (queue_.empty()) return false;
    auto* leaf = queue_.front();
    queue_.pop_front();
    lock.unlock();
    leaf->run();
    lock.lock();
    leaf->done = true;
    finished_.notify_all();
    return true;
  }
  void work() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
      if (!run_one(lock)) ready_.wait(lock);
    }
  }

  std::mutex mutex_;
  std::condition_variable ready_, finished_;
  std::deque<Leaf*> queue_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

struct ContentSealer::State {
  State(ByteView payload_key, age::Sink output, unsigned workers)
      : sink(std::move(output)), tail_key(payload_key), pool(workers - 1) {
    for (unsigned i = 0; i < std::max(1U, workers > 1 ? 2 * workers : 1); ++i)
      leaves.push_back(std::make_unique<Leaf>(payload_key));
  }
  ~State() { abandon(); }

  // Lets go of what is on its way. Nothing reads the caller's memory after this.
  void abandon() {
    for (; waiting > 0; --waiting) pool.wait(oldest());
  }

  Leaf& oldest() { return *leaves[(next_leaf + leaves.size() - waiting) % leaves.size()]; }

  Result<> emit(ByteView bytes) {
    written += bytes.size();
    auto result = sink(bytes);
    if (!result) failed = true;
    return result;
  }

  Result<> take_oldest() {
    auto& leaf = oldest();
    pool.wait(leaf);
    --waiting;
    root.update(leaf.digest);
    return emit(leaf.sealed);
  }

  Result<Leaf*> free_leaf() {
    if (waiting == leaves.size()) BULLA_CHECK_OK(take_oldest());
    return leaves[next_leaf].get();
  }

  void submit(Leaf& leaf, ByteView input) {
    leaf.input = input;
    leaf.first_chunk = chunk;
    chunk += kLeafChunks;
    next_leaf = (next_leaf + 1) % leaves.size();
    ++waiting;
    pool.submit(leaf);
  }

  Result<> drain() {
    while (waiting > 0) BULLA_CHECK_OK(take_oldest());
    return {};
  }

  // Seals what follows the leaves: the end of the message, padding, manifest, signature.
  Result<> put_tail(ByteView bytes) {
    while (!bytes.empty()) {
      if (tail_used == age::kChunkSize) BULLA_CHECK_OK(flush_tail(false));
      const auto piece = bytes.first(std::min(bytes.size(), age::kChunkSize - tail_used));
      std::ranges::copy(piece, tail.writable().begin() + static_cast<std::ptrdiff_t>(tail_used));
      tail_used += piece.size();
      bytes = bytes.subspan(piece.size());
    }
    return {};
  }
  Result<> flush_tail(bool last) {
    Bytes sealed(tail_used + crypto::kAeadTagSize);
    age::seal_chunks(tail_key, chunk++, tail.reveal().first(tail_used), last, sealed);
    tail_used = 0;
    return emit(sealed);
  }

  age::Sink sink;
  std::vector<std::unique_ptr<Leaf>> leaves;  // a ring; `waiting` of them are submitted, the oldest first
  std::size_t next_leaf = 0;
  std::size_t waiting = 0;
  Secret part;  // the leaf that is being filled
  std::size_t part_used = 0;
  std::uint64_t size = 0;
  std::uint64_t chunk = 0;
  std::uint64_t written = 0;
  bool failed = false;
  crypto::Sha256 root;
  Secret tail{age::kChunkSize};
  std::size_t tail_used = 0;
  crypto::Aead tail_key;
  Pool pool;  // last: its threads end first
};

ContentSealer::ContentSealer(std::unique_ptr<State> state) : state_(std::move(state)) {}
ContentSealer::ContentSealer(ContentSealer&&) noexcept = default;
ContentSealer& ContentSealer::operator=(ContentSealer&&) noexcept = default;
ContentSealer::~ContentSealer() = default;

Result<ContentSealer> ContentSealer::start(ByteView file_key, Random& random, age::Sink sink, unsigned workers) {
  BULLA_TRY(auto nonce, random_array<age::kPayloadNonceSize>(random));
  const auto key = age::payload_key(file_key, nonce);
  ContentSealer sealer(std::make_unique<State>(key.reveal(), std::move(sink), std::clamp(workers, 1U, 64U)));
  BULLA_CHECK_OK(sealer.state_->emit(nonce));
  return sealer;
}

Result<> ContentSealer::write(ByteView stored) {
  auto result = put(stored);
  if (!result) state_->abandon();
  return result;
}

Result<> ContentSealer::put(ByteView stored) {
  auto& state = *state_;
  BULLA_ASSERT(!state.failed);
  state.size += stored.size();
  bool borrowed = false;
  while (!stored.empty()) {
    BULLA_TRY(auto* leaf, state.free_leaf());
    if (state.part_used == 0 && stored.size() >= kLeafSize) {
      state.submit(*leaf, stored.first(kLeafSize));
      stored = stored.subspan(kLeafSize);
      borrowed = true;
      continue;
    }
    if (state.part.empty()) state.part = Secret(kLeafSize);
    const auto piece = stored.first(std::min(stored.size(), kLeafSize - state.part_used));
    std::ranges::copy(piece, state.part.writable().begin() + static_cast<std::ptrdiff_t>(state.part_used));
    state.part_used += piece.size();
    stored = stored.subspan(piece.size());
    if (state.part_used == kLeafSize) {
      std::swap(leaf->own, state.part);
      state.part_used = 0;
      state.submit(*leaf, leaf->own.reveal());
    }
  }
  return borrowed ? state.drain() : Result<>();
}

Result<> ContentSealer::finish(const MakeManifest& make_manifest, const crypto::Ed25519Key& key) {
  auto& state = *state_;
  BULLA_ASSERT(!state.failed);
  BULLA_CHECK_OK(state.drain());
  const auto rest = state.part.reveal().first(state.part_used);
  if (!rest.empty()) state.root.update(crypto::sha256(rest));
  BULLA_CHECK_OK(state.put_tail(rest));

  BULLA_TRY(const auto manifest, make_manifest(Total{state.size, state.root.finish()}));
  if (manifest.size() > kMaxManifest) return fail(Code::kInvalid, "the manifest is too long");
  const auto unpadded = state.size + manifest.size() + kTrailerSize;
  const Bytes zeros(age::kChunkSize);
  for (auto left = padme(unpadded) - unpadded; left > 0;) {
    const auto piece = std::min<std::uint64_t>(left, zeros.size());
    BULLA_CHECK_OK(state.put_tail(ByteView(zeros).first(static_cast<std::size_t>(piece))));
    left -= piece;
  }
  BULLA_CHECK_OK(state.put_tail(as_bytes(manifest)));
  BULLA_CHECK_OK(state.put_tail(key.sign(signed_bytes(as_bytes(manifest)))));
  Bytes length;
  append_u32_be(length, static_cast<std::uint32_t>(manifest.size()));
  BULLA_CHECK_OK(state.put_tail(length));
  return state.flush_tail(true);
}

std::uint64_t ContentSealer::payload_size() const {
  return state_->written;
}

}  // namespace bulla::envelope
