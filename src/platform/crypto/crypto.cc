#include "platform/crypto/crypto.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include <cstdlib>
#include <new>

namespace handschlag::crypto {
namespace {

constexpr char kEnvelopeVersion = 1;
constexpr char kXChaCha20Poly1305 = 1;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(kEnvelopeOverhead == 2 + kNonceBytes + kTagBytes);

unsigned char* raw(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::unexpected<Error> bad_envelope() {
  return fail(ErrorKind::internal, "envelope_invalid", "A sealed value could not be opened.");
}

std::string encode_base64(std::string_view bytes, int variant) {
  std::string out(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(out.data(), out.size(), raw(bytes), bytes.size(), variant);
  out.pop_back();  // the terminating NUL
  return out;
}

}  // namespace

void initialize() {
  if (sodium_init() < 0) std::abort();  // no source of randomness: nothing here would be safe
}

Key::~Key() {
  sodium_memzero(bytes_.data(), bytes_.size());
}

Key Key::random() {
  Key key;
  randombytes_buf(key.bytes_.data(), key.bytes_.size());
  return key;
}

Result<Key> Key::from_bytes(std::string_view bytes) {
  if (bytes.size() != kBytes) return fail(ErrorKind::invalid, "key_malformed", "A key has exactly 32 bytes.");
  Key key;
  std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
  return key;
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  randombytes_buf(out.data(), count);
  return out;
}

std::string random_token(std::size_t bits) {
  return to_base64url(random_bytes(bits / 8));
}

std::string random_digits(std::size_t count) {
  std::string out;
  while (out.size() < count) {
    for (char byte : random_bytes(count)) {
      const auto value = static_cast<unsigned char>(byte);  // those above would make some digits likelier
      if (value < 250 && out.size() < count) out += static_cast<char>('0' + value % 10);
    }
  }
  return out;
}

std::string digits_in(std::string_view typed) {
  std::string out;
  for (char c : typed) {
    if (c >= '0' && c <= '9') out += c;
  }
  return out;
}

std::string seal(const Key& key, std::string_view plain, std::string_view context) {
  std::string out(kEnvelopeOverhead + plain.size(), '\0');
  out[0] = kEnvelopeVersion;
  out[1] = kXChaCha20Poly1305;
  unsigned char* nonce = raw(out) + 2;
  randombytes_buf(nonce, kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + kNonceBytes, nullptr, raw(plain), plain.size(), raw(context),
                                             context.size(), nullptr, nonce, key.data());
  return out;
}

Result<std::string> open(const Key& key, std::string_view envelope, std::string_view context) {
  if (envelope.size() < kEnvelopeOverhead || envelope[0] != kEnvelopeVersion || envelope[1] != kXChaCha20Poly1305) {
    return bad_envelope();
  }
  std::string plain(envelope.size() - kEnvelopeOverhead, '\0');
  const unsigned char* nonce = raw(envelope) + 2;
  int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(raw(plain), nullptr, nullptr, nonce + kNonceBytes,
                                                          plain.size() + kTagBytes, raw(context), context.size(), nonce,
                                                          key.data());
  if (failed != 0) return bad_envelope();
  return plain;
}

std::string keyed_digest(const Key& key, std::string_view message, std::size_t bytes) {
  std::string out(bytes, '\0');
  crypto_generichash(raw(out), bytes, raw(message), message.size(), key.data(), Key::kBytes);
  return out;
}

std::string digest(std::string_view message) {
  std::string out(32, '\0');
  crypto_generichash(raw(out), out.size(), raw(message), message.size(), nullptr, 0);
  return out;
}

std::string sha256(std::string_view message) {
  std::string out(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(raw(out), raw(message), message.size());
  return out;
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
  crypto_auth_hmacsha256_state state;
  std::string out(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_init(&state, raw(key), key.size());
  crypto_auth_hmacsha256_update(&state, raw(message), message.size());
  crypto_auth_hmacsha256_final(&state, raw(out));
  return out;
}

std::string hmac_sha1(std::string_view key, std::string_view message) {
  constexpr std::size_t kBytes = 20;
  std::string out(kBytes, '\0');
  unsigned int length = 0;
  if (HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), raw(message), message.size(), raw(out), &length) ==
      nullptr) {
    throw std::bad_alloc();
  }
  return out;
}

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string hash_password(std::string_view password) {
  std::string out(crypto_pwhash_STRBYTES, '\0');
  int failed = crypto_pwhash_str_alg(out.data(), password.data(), password.size(), 3,
                                     crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13);
  if (failed != 0) std::abort();  // 64 MiB could not be had
  out.resize(out.find('\0'));
  return out;
}

bool verify_password(std::string_view hash, std::string_view password) {
  if (hash.size() >= crypto_pwhash_STRBYTES) return false;
  std::string padded(hash);
  padded.resize(crypto_pwhash_STRBYTES, '\0');
  return crypto_pwhash_str_verify(padded.data(), password.data(), password.size()) == 0;
}

std::string to_hex(std::string_view bytes) {
  std::string out(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), raw(bytes), bytes.size());
  out.pop_back();
  return out;
}

std::string to_base64(std::string_view bytes) {
  return encode_base64(bytes, sodium_base64_VARIANT_ORIGINAL);
}

std::string to_base64url(std::string_view bytes) {
  return encode_base64(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

Result<std::string> from_base64(std::string_view text) {
  std::string plain(text.substr(0, text.find('=')));
  for (char& c : plain) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  std::string out(plain.size() * 3 / 4 + 1, '\0');
  std::size_t size = 0;
  int failed = sodium_base642bin(raw(out), out.size(), plain.data(), plain.size(), nullptr, &size, nullptr,
                                 sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  if (failed != 0) return fail(ErrorKind::invalid, "base64_malformed", "This is not base64.");
  out.resize(size);
  return out;
}

}  // namespace handschlag::crypto
