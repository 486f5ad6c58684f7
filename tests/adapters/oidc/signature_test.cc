#include "adapters/oidc/signature.h"

#include <gtest/gtest.h>

#include "runtime/base/base64url.h"
#include "tests/adapters/oidc/signer.h"

namespace troupe::oidc {
namespace {

constexpr Algorithm kAll[] = {Algorithm::kRs256, Algorithm::kRs384, Algorithm::kRs512,
                              Algorithm::kPs256, Algorithm::kPs384, Algorithm::kPs512,
                              Algorithm::kEs256, Algorithm::kEs384, Algorithm::kEs512,
                              Algorithm::kEdDsa};

TEST(Signature, CountsForItsKeyTextAndAlgorithmAlone) {
  for (const Algorithm algorithm : kAll) {
    const Signer signer(algorithm), other(algorithm);
    const std::string text = "header.claims";
    const std::string signature = signer.sign(text);
    EXPECT_TRUE(is_signed_by(signer.key(), algorithm, text, signature));
    EXPECT_FALSE(is_signed_by(other.key(), algorithm, text, signature));
    EXPECT_FALSE(is_signed_by(signer.key(), algorithm, "header.claimz", signature));
    for (const Algorithm wrong : kAll) {
      if (wrong == algorithm) continue;
      EXPECT_FALSE(is_signed_by(signer.key(), wrong, text, signature));
    }
    for (const std::size_t at : {std::size_t{0}, signature.size() / 2, signature.size() - 1}) {
      std::string changed = signature;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      EXPECT_FALSE(is_signed_by(signer.key(), algorithm, text, changed));
    }
    EXPECT_FALSE(is_signed_by(signer.key(), algorithm, text, ""));
    EXPECT_FALSE(is_signed_by(signer.key(), algorithm, text, signature.substr(1)));
    EXPECT_FALSE(is_signed_by(signer.key(), algorithm, text, signature + "x"));
    EXPECT_FALSE(is_signed_by(signer.key(), algorithm, text, std::string(signature.size(), '\0')));
  }
}

TEST(Signature, APointBesideItsCurveIsNoKey) {
  const Signer signer(Algorithm::kEs256);
  PublicKey key = signer.key();
  key.y[31] = static_cast<char>(key.y[31] ^ 1);
  EXPECT_FALSE(is_signed_by(key, Algorithm::kEs256, "text", signer.sign("text")));
}

// RFC 7515, appendix A.3: made by somebody else.
TEST(Signature, TheExampleOfTheStandardCounts) {
  const PublicKey key{.kind = KeyKind::kP256,
                      .x = *decode_base64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                      .y = *decode_base64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")};
  const std::string text =
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"
      "LmNvbS9pc19yb290Ijp0cnVlfQ";
  EXPECT_TRUE(is_signed_by(key, Algorithm::kEs256, text,
                           *decode_base64url("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5"
                                             "djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")));
}

// RFC 7636, appendix B.
TEST(Signature, TheChallengeIsTheStandards) {
  EXPECT_EQ(encode_base64url(sha256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  EXPECT_EQ(encode_base64("a"), "YQ==");
  EXPECT_EQ(encode_base64(""), "");
}

}  // namespace
}  // namespace troupe::oidc
