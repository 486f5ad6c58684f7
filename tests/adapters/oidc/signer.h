#pragma once

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>

#include "runtime/oidc/key_set.h"

namespace troupe::oidc {

/// A key pair that signs as a provider does.
class Signer {
 public:
  explicit Signer(Algorithm algorithm) : algorithm_(algorithm) {
    switch (algorithm) {
      case Algorithm::kEs256: make_curve("P-256", KeyKind::kP256, 32); break;
      case Algorithm::kEs384: make_curve("P-384", KeyKind::kP384, 48); break;
      case Algorithm::kEs512: make_curve("P-521", KeyKind::kP521, 66); break;
      case Algorithm::kEdDsa: make_ed25519(); break;
      default: make_rsa(); break;
    }
  }
  ~Signer() { EVP_PKEY_free(pair_); }
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;

  const PublicKey& key() const { return key_; }

  std::string sign(const std::string& text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* of_key = nullptr;
    EVP_DigestSignInit(context, &of_key, digest(), nullptr, pair_);
    if (algorithm_ >= Algorithm::kPs256 && algorithm_ <= Algorithm::kPs512) {
      EVP_PKEY_CTX_set_rsa_padding(of_key, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(of_key, RSA_PSS_SALTLEN_DIGEST);
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    EVP_DigestSign(context, nullptr, &size, bytes, text.size());
    std::string signature(size, '\0');
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                   text.size());
    signature.resize(size);
    EVP_MD_CTX_free(context);
    return half_ == 0 ? signature : halves(signature);
  }

 private:
  const EVP_MD* digest() const {
    switch (algorithm_) {
      case Algorithm::kRs384:
      case Algorithm::kPs384:
      case Algorithm::kEs384: return EVP_sha384();
      case Algorithm::kRs512:
      case Algorithm::kPs512:
      case Algorithm::kEs512: return EVP_sha512();
      case Algorithm::kEdDsa: return nullptr;
      default: return EVP_sha256();
    }
  }
  /// The two numbers side by side, as web tokens have them.
  std::string halves(const std::string& der) const {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* both = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    std::string out(2 * half_, '\0');
    auto* bytes = reinterpret_cast<unsigned char*>(out.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(both), bytes, static_cast<int>(half_));
    BN_bn2binpad(ECDSA_SIG_get0_s(both), bytes + half_, static_cast<int>(half_));
    ECDSA_SIG_free(both);
    return out;
  }
  std::string number(const char* name, std::size_t bytes) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(pair_, name, &value);
    std::string out(bytes, '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(bytes));
    BN_free(value);
    return out;
  }
  void make_rsa() {
    pair_ = EVP_RSA_gen(2048);
    key_ = {.kind = KeyKind::kRsa,
            .n = number(OSSL_PKEY_PARAM_RSA_N, 256),
            .e = number(OSSL_PKEY_PARAM_RSA_E, 3)};
  }
  void make_curve(const char* group, KeyKind kind, std::size_t bytes) {
    pair_ = EVP_EC_gen(group);
    half_ = bytes;
    key_ = {.kind = kind,
            .x = number(OSSL_PKEY_PARAM_EC_PUB_X, bytes),
            .y = number(OSSL_PKEY_PARAM_EC_PUB_Y, bytes)};
  }
  void make_ed25519() {
    pair_ = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    key_ = {.kind = KeyKind::kEd25519, .x = std::string(32, '\0')};
    std::size_t size = key_.x.size();
    EVP_PKEY_get_raw_public_key(pair_, reinterpret_cast<unsigned char*>(key_.x.data()), &size);
  }

  const Algorithm algorithm_;
  EVP_PKEY* pair_ = nullptr;
  PublicKey key_;
  std::size_t half_ = 0;  ///< of a signature that is two numbers
};

}  // namespace troupe::oidc
