#include "tests/adapters/nats/nats_identity.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/support/process.h"

namespace troupe::testing {
namespace {

void openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "/usr/bin/openssl");
  const Outcome outcome = run_program({std::move(arguments)});
  if (outcome.exit != 0) throw std::runtime_error("openssl: " + outcome.err);
}

std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Groups of bits, from the highest on, spelled in an alphabet; no padding.
std::string spelled(const std::string& bytes, int group, std::string_view alphabet) {
  std::string text;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : bytes) {
    held = (held << 8 | static_cast<std::uint8_t>(c)) & 0xFFFF;
    for (bits += 8; bits >= group; bits -= group) {
      text += alphabet[(held >> (bits - group)) & ((1u << group) - 1)];
    }
  }
  if (bits > 0) text += alphabet[(held << (group - bits)) & ((1u << group) - 1)];
  return text;
}
std::string base32(const std::string& bytes) {
  return spelled(bytes, 5, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
}
std::string base64url(const std::string& bytes) {
  return spelled(bytes, 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}

/// CRC-16/XMODEM, low byte first, as nkeys end with it.
std::string with_checksum(std::string bytes) {
  std::uint16_t crc = 0;
  for (const char c : bytes) {
    crc = static_cast<std::uint16_t>(crc ^ static_cast<std::uint8_t>(c) << 8);
    for (int i = 0; i < 8; ++i) {
      crc = static_cast<std::uint16_t>((crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1);
    }
  }
  bytes += static_cast<char>(crc & 0xFF);
  bytes += static_cast<char>(crc >> 8);
  return bytes;
}

void sign(const std::string& directory, const std::string& name, const std::string& address) {
  const std::string path = directory + "/" + name;
  openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
           path + ".key", "-out", path + ".csr", "-subj", "/CN=" + name});
  std::ofstream(path + ".ext") << "subjectAltName=IP:" << address << "\n";
  openssl({"x509", "-req", "-in", path + ".csr", "-CA", directory + "/authority.pem", "-CAkey",
           directory + "/authority.key", "-CAcreateserial", "-days", "2", "-extfile",
           path + ".ext", "-out", path + ".pem"});
}

}  // namespace

Certificates::Certificates(const std::string& directory, const std::string& address)
    : authority(directory + "/authority.pem"),
      server(directory + "/server.pem"),
      server_key(directory + "/server.key"),
      client(directory + "/client.pem"),
      client_key(directory + "/client.key") {
  openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
           "-keyout", directory + "/authority.key", "-out", authority, "-days", "2", "-subj",
           "/CN=authority"});
  sign(directory, "server", address);
  sign(directory, "client", "127.0.0.1");
}

Nkey::Nkey(const std::string& directory, const std::string& name, char kind)
    : pem_file(directory + "/" + name + ".pem") {
  openssl({"genpkey", "-algorithm", "ed25519", "-out", pem_file});
  const std::string der = directory + "/" + name + ".der";
  openssl({"pkey", "-in", pem_file, "-outform", "DER", "-out", der});
  const std::string secret = bytes_of(der).substr(16);  // behind PKCS#8's fixed head
  openssl({"pkey", "-in", pem_file, "-pubout", "-outform", "DER", "-out", der});
  const std::string shown = bytes_of(der).substr(12);
  // A kind is the first letter in base 32, so the upper five bits of the first byte; a seed begins
  // with "S" and then the kind.
  const auto letter = static_cast<std::uint8_t>(kind - 'A');
  const auto prefix = static_cast<std::uint8_t>(letter << 3);
  const auto seed_prefix = static_cast<std::uint8_t>('S' - 'A') << 3;
  std::string seed_bytes;
  seed_bytes += static_cast<char>(seed_prefix | prefix >> 5);
  seed_bytes += static_cast<char>((prefix & 31) << 3);
  public_key = base32(with_checksum(static_cast<char>(prefix) + shown));
  seed = base32(with_checksum(seed_bytes + secret));
}

std::string Nkey::signed_token(const std::string& claims) const {
  const std::string text =
      base64url(R"({"typ":"JWT","alg":"ed25519-nkey"})") + "." + base64url(claims);
  std::ofstream(pem_file + ".text", std::ios::binary) << text;
  openssl({"pkeyutl", "-sign", "-inkey", pem_file, "-rawin", "-in", pem_file + ".text", "-out",
           pem_file + ".signature"});
  return text + "." + base64url(bytes_of(pem_file + ".signature"));
}

}  // namespace troupe::testing
