#include "platform/crypto/stream.h"

#include <sodium.h>

#include <utility>

namespace handschlag::crypto {
namespace {

static_assert(kStreamPieceOverhead == crypto_secretstream_xchacha20poly1305_ABYTES);
static_assert(kStreamHeaderBytes == crypto_secretstream_xchacha20poly1305_HEADERBYTES);
static_assert(Key::kBytes == crypto_secretstream_xchacha20poly1305_KEYBYTES);

unsigned char* raw(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::unexpected<Error> invalid() {
  return fail(ErrorKind::invalid, "stream_invalid", "A sealed stream is damaged, or sealed under another key.");
}

}  // namespace

struct SealingStream::State {
  crypto_secretstream_xchacha20poly1305_state stream{};
  ~State() { sodium_memzero(&stream, sizeof(stream)); }
};

SealingStream::SealingStream(const Key& key, std::string context)
    : state_(std::make_unique<State>()), context_(std::move(context)), header_(kStreamHeaderBytes, '\0') {
  crypto_secretstream_xchacha20poly1305_init_push(&state_->stream, raw(header_), key.data());
}

SealingStream::~SealingStream() = default;

std::string SealingStream::seal(std::string_view plain, Piece piece) {
  std::string out(plain.size() + kStreamPieceOverhead, '\0');
  auto tag = piece == Piece::last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
                                  : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
  crypto_secretstream_xchacha20poly1305_push(&state_->stream, raw(out), nullptr, raw(plain), plain.size(),
                                             raw(std::string_view(context_)), context_.size(),
                                             static_cast<unsigned char>(tag));
  return out;
}

struct OpeningStream::State {
  crypto_secretstream_xchacha20poly1305_state stream{};
  ~State() { sodium_memzero(&stream, sizeof(stream)); }
};

OpeningStream::OpeningStream(std::unique_ptr<State> state, std::string context)
    : state_(std::move(state)), context_(std::move(context)) {}
OpeningStream::OpeningStream(OpeningStream&&) noexcept = default;
OpeningStream::~OpeningStream() = default;

Result<OpeningStream> OpeningStream::create(const Key& key, std::string_view header, std::string context) {
  auto state = std::make_unique<State>();
  if (header.size() != kStreamHeaderBytes ||
      crypto_secretstream_xchacha20poly1305_init_pull(&state->stream, raw(header), key.data()) != 0) {
    return invalid();
  }
  return OpeningStream(std::move(state), std::move(context));
}

Result<OpeningStream::Opened> OpeningStream::open(std::string_view sealed) {
  if (sealed.size() < kStreamPieceOverhead) return invalid();
  std::string plain(sealed.size() - kStreamPieceOverhead, '\0');
  unsigned char tag = 0;
  int failed =
      crypto_secretstream_xchacha20poly1305_pull(&state_->stream, raw(plain), nullptr, &tag, raw(sealed), sealed.size(),
                                                 raw(std::string_view(context_)), context_.size());
  if (failed != 0) return invalid();
  return Opened{std::move(plain), tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL ? Piece::last : Piece::more};
}

struct Sha256::State {
  crypto_hash_sha256_state hash{};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  crypto_hash_sha256_init(&state_->hash);
}
Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  crypto_hash_sha256_update(&state_->hash, raw(bytes), bytes.size());
}

std::string Sha256::finish() {
  std::string out(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256_final(&state_->hash, raw(out));
  return out;
}

}  // namespace handschlag::crypto
