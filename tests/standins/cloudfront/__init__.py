"""Amazon CloudFront: what a generated template says, served over TLS, with its functions run."""
