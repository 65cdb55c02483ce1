"""Reports on paper and as pages: acceptance, shifts, evidence, audits. One model, two renderings, two languages."""
