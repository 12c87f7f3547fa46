// The measured programs of bench/core.py:
//   bench_core aead-seal SECONDS     chunks of 64 KiB, one core; prints bytes per second
//   bench_core aead-open SECONDS
//   bench_core sha256 SECONDS
//   bench_core seal RECIPIENT IN OUT THREADS
// The last does to a file what the gateway does to a message (hash, encryption, signature), for an age recipient, so
// that `age` can open it. It prints nothing: bench/core.py takes the time of the whole process, as it does for `age`.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>

#include "core/age/header.h"
#include "core/age/x25519.h"
#include "core/base/check.h"
#include "core/base/encoding.h"
#include "core/crypto/hash.h"
#include "core/envelope/content_sealer.h"

namespace {

using namespace bulla;

// Runs `step` for so many seconds of processor time, which is what `openssl speed` counts too, and returns bytes per
// second; a step handles one chunk.
double rate(double seconds, const std::function<void()>& step) {
  auto elapsed = [start = std::clock()] { return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC; };
  double bytes = 0, time = 0;
  do {
    for (int i = 0; i < 100; ++i) step();
    bytes += 100.0 * age::kChunkSize;
    time = elapsed();
  } while (time < seconds);
  return bytes / time;
}

double measure(std::string_view what, double seconds) {
  crypto::Aead aead(ByteArray<crypto::kAeadKeySize>{1});
  Bytes plain(age::kChunkSize, 'x'), sealed(age::kSealedChunkSize);
  crypto::AeadNonce nonce{};
  aead.seal(nonce, plain, sealed);
  if (what == "aead-open") return rate(seconds, [&] { BULLA_ASSERT(aead.open(nonce, sealed, plain)); });
  if (what == "sha256") {
    crypto::Sha256 hash;
    return rate(seconds, [&] { hash.update(plain); });
  }
  return rate(seconds, [&] {
    ++nonce[10];  // a nonce a chunk: setting it is part of the work
    aead.seal(nonce, plain, sealed);
  });
}

class MappedFile {
 public:
  explicit MappedFile(const char* path) {
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    struct stat status{};
    BULLA_ASSERT(file >= 0 && ::fstat(file, &status) == 0);
    size_ = static_cast<std::size_t>(status.st_size);
    memory_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
    BULLA_ASSERT(memory_ != MAP_FAILED);
    ::close(file);
  }
  ~MappedFile() { ::munmap(memory_, size_); }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ByteView bytes() const { return {static_cast<const std::uint8_t*>(memory_), size_}; }

 private:
  std::size_t size_ = 0;
  void* memory_ = nullptr;
};

age::Sink into_file(int file) {
  return [file](ByteView bytes) -> Result<> {
    while (!bytes.empty()) {
      const auto n = ::write(file, bytes.data(), bytes.size());
      if (n <= 0) return fail(Code::kUnavailable, "the output cannot be written");
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
  };
}

Result<> seal(const char* recipient_text, const char* in, const char* out, unsigned threads) {
  BULLA_TRY(const auto recipient, age::X25519Recipient::parse(recipient_text));
  const MappedFile input(in);
  const int file = ::open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return fail(Code::kUnavailable, "the output cannot be made");
  const auto sink = into_file(file);

  SystemRandom random;
  BULLA_TRY(const auto signing_key, crypto::Ed25519Key::generate(random));
  BULLA_TRY(const auto file_key, random_secret(random, age::kFileKeySize));
  const age::Recipient* recipients[] = {&recipient};
  BULLA_TRY(const auto header, age::write_header(file_key.reveal(), recipients, random));
  BULLA_CHECK_OK(sink(header));
  BULLA_TRY(auto sealer, envelope::ContentSealer::start(file_key.reveal(), random, sink, threads));
  BULLA_CHECK_OK(sealer.write(input.bytes()));
  BULLA_CHECK_OK(sealer.finish(
      [](const envelope::ContentSealer::Total& total) -> Result<std::string> {
        return "{\"size\":" + std::to_string(total.size) + ",\"root\":\"" + base64url(total.root) + "\"}";
      },
      signing_key));
  return ::close(file) == 0 ? Result<>() : fail(Code::kUnavailable, "the output cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3) {
    std::printf("%.0f\n", measure(argv[1], std::atof(argv[2])));
    return 0;
  }
  if (argc != 6 || std::string_view(argv[1]) != "seal") {
    std::fputs("usage: bench_core aead-seal|aead-open|sha256 SECONDS | seal RECIPIENT IN OUT THREADS\n", stderr);
    return 2;
  }
  auto sealed = seal(argv[2], argv[3], argv[4], static_cast<unsigned>(std::atoi(argv[5])));
  if (!sealed) std::fprintf(stderr, "%s\n", sealed.error().text.c_str());
  return sealed ? 0 : 1;
}
