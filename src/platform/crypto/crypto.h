// Cryptography by libsodium (HMAC-SHA1 by OpenSSL): sealing, keyed digests, passwords, random bytes. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "platform/base/result.h"

namespace handschlag::crypto {

// Must be called once before anything else here; done by every main().
void initialize();

// A secret key of 256 bits; wiped when it goes away.
class Key {
 public:
  static constexpr std::size_t kBytes = 32;
  Key() = default;  // all zeros
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key();
  static Key random();
  // Errors: invalid, unless it has exactly 32 bytes.
  static Result<Key> from_bytes(std::string_view bytes);
  std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), kBytes}; }
  const unsigned char* data() const { return bytes_.data(); }

 private:
  std::array<unsigned char, kBytes> bytes_{};
};

std::string random_bytes(std::size_t count);
// A secret for a person or program to carry: `bits` random bits (a multiple of 8) in base64url without padding.
std::string random_token(std::size_t bits = 256);
// A code for a person to type: digits, each as likely as any other.
std::string random_digits(std::size_t count);
// The digits of such a code as it was typed: "4711 0815", "4711-0815".
std::string digits_in(std::string_view typed);

// An envelope: version (1 byte), algorithm (1 byte), nonce, ciphertext with tag. Version 1 algorithm 1 is
// XChaCha20-Poly1305 with a random 192-bit nonce. `context` is authenticated and not stored: it binds the envelope to
// its place.
inline constexpr std::size_t kEnvelopeOverhead = 2 + 24 + 16;
std::string seal(const Key& key, std::string_view plain, std::string_view context);
// Errors: internal, code "envelope_invalid": another key or context, damaged, or of an unknown version.
Result<std::string> open(const Key& key, std::string_view envelope, std::string_view context);

// Keyed BLAKE2b of `bytes` bytes (16 to 64).
std::string keyed_digest(const Key& key, std::string_view message, std::size_t bytes = 16);
// BLAKE2b-256 without a key; for random secrets only, never for what can be guessed.
std::string digest(std::string_view message);
std::string sha256(std::string_view message);
// HMAC-SHA256 (RFC 2104), 32 bytes; for signatures whose form others define. Keys of any length.
std::string hmac_sha256(std::string_view key, std::string_view message);
// HMAC-SHA1, 20 bytes; for one-time codes alone, whose form others define.
std::string hmac_sha1(std::string_view key, std::string_view message);

// Constant-time; different lengths are unequal.
bool equal(std::string_view a, std::string_view b);

// Argon2id, about 64 MiB and 3 passes. Slow and large on purpose: whoever calls it bounds how many run at once.
std::string hash_password(std::string_view password);
bool verify_password(std::string_view hash, std::string_view password);

std::string to_hex(std::string_view bytes);
std::string to_base64(std::string_view bytes);
std::string to_base64url(std::string_view bytes);
// Standard or URL alphabet, with or without padding. Errors: invalid.
Result<std::string> from_base64(std::string_view text);

}  // namespace handschlag::crypto
