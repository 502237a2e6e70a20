// Sealing of long texts piece by piece, by libsodium's secretstream (XChaCha20-Poly1305): pieces can be neither left
// out, nor exchanged, nor cut off at the end. And SHA-256 of long texts. One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "platform/crypto/crypto.h"

namespace handschlag::crypto {

enum class Piece { more, last };

// What a piece grows by, and what stands before the first one.
inline constexpr std::size_t kStreamPieceOverhead = 17;
inline constexpr std::size_t kStreamHeaderBytes = 24;

class SealingStream {
 public:
  // `context` is authenticated with every piece and not stored: it binds the stream to its place.
  SealingStream(const Key& key, std::string context);
  ~SealingStream();
  const std::string& header() const { return header_; }
  std::string seal(std::string_view plain, Piece piece);

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::string context_;
  std::string header_;
};

class OpeningStream {
 public:
  // Errors: invalid "stream_invalid": a header of another length.
  static Result<OpeningStream> create(const Key& key, std::string_view header, std::string context);
  OpeningStream(OpeningStream&&) noexcept;
  ~OpeningStream();

  struct Opened {
    std::string plain;
    Piece piece;
  };
  // Errors: invalid "stream_invalid": another key or context, damaged, or not the next piece.
  Result<Opened> open(std::string_view sealed);

 private:
  struct State;
  OpeningStream(std::unique_ptr<State> state, std::string context);
  std::unique_ptr<State> state_;
  std::string context_;
};

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void add(std::string_view bytes);
  std::string finish();  // 32 bytes; once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace handschlag::crypto
