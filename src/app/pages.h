// The web pages, as the build packed them into the binary (web/desk/pack.mjs): the desk's one document, which every
// page's address opens, that of the customers' page at /me, and their scripts, styles, fonts and pictures; and the
// library for the pages of others (web/sdk).
//
// Everything comes from this server: the document's policy allows no other origin, no script or style in the page
// itself, no frame around it, and no way from text to script (Trusted Types).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "platform/base/result.h"
#include "platform/http/http.h"

namespace handschlag::app {

// Immutable, so thread-safe.
class Pages {
 public:
  // Reads a pack, which must outlive this. Errors: internal (malformed, or without the document or the library).
  static Result<Pages> open(std::string_view pack);

  // The desk's document, and that of the customers' page. Always asked for anew, and answered 304 while it is the same.
  http::Response document(const http::Request& request) const;
  http::Response portal(const http::Request& request) const;
  // What the document names, to be kept for ever: another version has another name. Errors: 404.
  http::Response asset(const http::Request& request) const;
  // The browser library for the pages of any origin. Kept for an hour; Content-Location says under which name it may be
  // kept for ever.
  http::Response library(const http::Request& request) const;
  // The library by a name that holds its digest. Errors: 404, also for the name of another version.
  http::Response pinned_library(const http::Request& request) const;

 private:
  struct File {
    std::string type;
    std::string digest;
    std::string tag;
    std::string_view plain;  // empty where the compressed forms stand for it
    std::string_view gzip;
    std::string_view brotli;
    std::size_t size = 0;  // uncompressed
  };
  static http::Response send(const http::Request& request, const File& file, std::string_view whose);
  static http::Response send_document(const http::Request& request, const File& file);

  std::map<std::string, File, std::less<>> files_;
};

}  // namespace handschlag::app
